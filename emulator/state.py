"""The resources, and how their states change with time.

Every transition of the life cycle is started here and ends here: an interface is Attaching before it is InUse
and Detaching before it is Available, and so on.  A transition is a deadline in one heap; it takes effect when
the next request arrives after that deadline, so no timer runs.  The clock can be advanced, and a resource can
be held, which freezes its transitions.

This file knows neither requests nor error codes.
"""

from __future__ import annotations

import heapq
import ipaddress
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from eni_conformance.emulator.accounts import Caller
from eni_conformance.emulator.behaviour import Behaviour
from eni_conformance.emulator.catalogue import REGIONS, InstanceType

PAST_KEPT = 16
"""How many changes of an interface are kept for readers that lag behind."""
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(slots=True, eq=False)
class Transition:
    """What happens to one resource when its deadline passes; `remaining` is set while it is frozen."""

    due: float
    then: Callable[[], None]
    remaining: float | None = None
    dropped: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Resource:
    """What all resources share.

    `undo` remembers what the control protocol altered, `scar` what an active fault did.
    """

    id: str
    owner: str
    region: str
    seq: int
    created: str
    status: str = "Available"
    tags: dict[str, str] = field(default_factory=dict)
    forced: str | None = None
    held: bool = False
    pending: Transition | None = None
    undo: dict[str, Any] = field(default_factory=dict)
    scar: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """The status that counts: one forced through the control protocol, else the natural one."""
        return self.status if self.forced is None else self.forced


@dataclass(slots=True, eq=False, kw_only=True)
class Vpc(Resource):
    """A VPC."""

    cidr: str
    name: str = ""
    vrouter_id: str = ""
    route_table_id: str = ""


@dataclass(slots=True, eq=False, kw_only=True)
class VSwitch(Resource):
    """A vSwitch; `used` holds the addresses given out, as integers."""

    vpc_id: str
    zone: str
    cidr: str
    name: str = ""
    first: int = 0
    last: int = 0
    next: int = 0
    used: set[int] = field(default_factory=set)


@dataclass(slots=True, eq=False, kw_only=True)
class SecurityGroup(Resource):
    """A security group; `kind` is vpc or classic, `full` says that its limit of instances is exceeded."""

    vpc_id: str
    name: str = ""
    description: str = ""
    group_type: str = "normal"
    kind: str = "vpc"
    full: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Instance(Resource):
    """An instance; `interfaces` holds what occupies its slots: primary, attached, attaching and detaching."""

    zone: str
    vpc_id: str
    vswitch_id: str
    type: InstanceType
    image_id: str
    name: str
    description: str = ""
    security_group_ids: list[str] = field(default_factory=list)
    interfaces: dict[str, NetworkInterface] = field(default_factory=dict)
    over_limit: bool = False
    boots: int = 0
    started: str = ""
    stopped_mode: str = ""
    charge_type: str = "PostPaid"
    spot_strategy: str = "NoSpot"
    deletion_protection: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class NetworkInterface(Resource):
    """An elastic network interface; `instance` is where it is linked, also while Attaching or Detaching. `born`: it
    came with an instance."""

    type: str
    zone: str
    vpc_id: str
    vswitch_id: str
    mac: str
    ip: str
    name: str = ""
    description: str = ""
    security_group_ids: list[str] = field(default_factory=list)
    secondary_ips: list[str] = field(default_factory=list)
    delete_on_release: bool = False
    instance: Instance | None = None
    device_index: int = 0
    trunk_id: str = ""
    detaches: int = 0
    born: bool = False
    previous: tuple[str, Instance | None] = ("Available", None)
    changed: float = float("-inf")
    past: list[tuple[float, str, Instance | None]] = field(default_factory=list)
    """Its last changes: when, and the state and link before, oldest first."""

    @property
    def link(self) -> Instance | None:
        """The instance that a reader is shown: none once the interface counts as Available."""
        return None if self.state in ("Available", "Deleting") else self.instance


class Cloud:
    """Everything the emulator remembers: resources by id, callers by key, nonces, tokens and the clock."""

    def __init__(self, callers: dict[str, Caller], behaviour: Behaviour, seed: int | None = None) -> None:
        self.callers = callers
        self.behaviour = behaviour
        self.random = random.Random(seed)
        self.regions_off: set[str] = set()
        self.parameters_off: set[str] = set()
        self.ahead = 0.0
        self.calls: dict[str, int] = {}
        self.scars: dict[str, dict[str, Any]] = {}
        self.wipe()

    def wipe(self) -> None:
        """Forget every resource and token; callers, behaviour, clock and nonces stay."""
        self.vpcs: dict[str, Vpc] = {}
        self.vswitches: dict[str, VSwitch] = {}
        self.groups: dict[str, SecurityGroup] = {}
        self.instances: dict[str, Instance] = {}
        self.interfaces: dict[str, NetworkInterface] = {}
        self.removed: dict[str, VSwitch | SecurityGroup] = {}
        self.tokens: dict[tuple[str, str, str], tuple[str, dict[str, Any]]] = {}
        self._seq = 0
        self._heap: list[tuple[float, int, Transition]] = []

    # Time

    def now(self) -> float:
        """Seconds on the emulator's own clock, which `advance` moves forward."""
        return time.monotonic() + self.ahead

    def timestamp(self) -> str:
        """The time of day as the service writes it."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.wall() + self.ahead))

    def wall(self) -> float:
        """Seconds since the epoch on the service's wall clock, by which time stamps are checked."""
        return time.time() + self.behaviour.clock_offset

    def settle(self) -> None:
        """Let everything happen whose time has come."""
        heap = self._heap
        while heap and heap[0][0] <= self.now():
            transition = heapq.heappop(heap)[2]
            if not transition.dropped and transition.remaining is None:
                transition.then()

    def later(self, resource: Resource, status: str, then: Callable[[], None], seconds: float | None = None) -> None:
        """Put a resource into a transitional status, and let `then` end it after so long (None: the settle time)."""
        self._enter(resource, status)
        delay = self.behaviour.settle() if seconds is None else seconds
        transition = Transition(self.now() + delay, lambda: self._finish(resource, then))
        resource.pending = transition
        if resource.held or resource.forced is not None:
            transition.remaining = delay
        elif delay <= 0:
            transition.then()
        else:
            self._push(transition)

    def _enter(self, resource: Resource, status: str) -> None:
        """A new status, which overtakes what was under way and what was forced."""
        self.drop_pending(resource)
        resource.status = status
        if resource.forced not in (None, status):
            resource.forced = None

    def after(self, seconds: float, then: Callable[[], None]) -> None:
        """Let something happen after so many seconds, in no resource's name."""
        self._push(Transition(self.now() + seconds, then))

    def _finish(self, resource: Resource, then: Callable[[], None]) -> None:
        resource.pending = None
        then()

    def _push(self, transition: Transition) -> None:
        self._seq += 1
        heapq.heappush(self._heap, (transition.due, self._seq, transition))

    def drop_pending(self, resource: Resource) -> None:
        """Forget a transition that something else has overtaken."""
        if resource.pending is not None:
            resource.pending.dropped = True
            resource.pending = None

    def hold(self, resource: Resource) -> None:
        """Freeze the transitions of a resource, one that is under way included."""
        resource.held = True
        self._freeze(resource)

    def _freeze(self, resource: Resource) -> None:
        if resource.pending is not None and resource.pending.remaining is None:
            resource.pending.remaining = max(0.0, resource.pending.due - self.now())

    def release(self, resource: Resource) -> None:
        """Resume the transitions of a resource with the time that was left."""
        resource.held = False
        frozen = resource.pending
        if resource.forced is not None:
            return
        if frozen is not None and frozen.remaining is not None:
            # The old heap entry may still come up, so the transition goes on under a new name.
            frozen.dropped = True
            thawed = Transition(self.now() + frozen.remaining, frozen.then)
            resource.pending = thawed
            self._push(thawed)

    # Identity

    def new_id(self, prefix: str, region: str) -> str:
        """A fresh resource id in the service's shape: prefix, region code, random rest."""
        size = 18 if prefix in ("vpc", "vsw", "vrt", "vtb") else 17
        while True:
            rest = "".join(self.random.choices(_ALPHABET, k=size))
            made = self.behaviour.shape_id(prefix, REGIONS[region].code, rest)
            if self.find(made) is None:
                return made

    def common(self, prefix: str, region: str, owner: str) -> dict[str, Any]:
        """The fields that every new resource starts with."""
        self._seq += 1
        return {
            "id": self.new_id(prefix, region),
            "owner": owner,
            "region": region,
            "seq": self._seq,
            "created": self.timestamp(),
        }

    def find(self, id: str) -> Resource | None:
        """Any resource by its id, removed ones included."""
        return (
            self.interfaces.get(id)
            or self.instances.get(id)
            or self.groups.get(id)
            or self.vswitches.get(id)
            or self.vpcs.get(id)
            or self.removed.get(id)
        )

    def mac(self) -> str:
        """A hardware address of the range that the service uses; the first 16 million differ."""
        self._seq += 1
        raw = f"{self._seq * 0x9E3779 & 0xFFFFFF:06x}"
        return f"00:16:3e:{raw[:2]}:{raw[2:4]}:{raw[4:]}"

    # Addresses

    def take_address(self, vswitch: VSwitch, wanted: str = "") -> str | None:
        """An address of the vSwitch, the wanted one if it is given; None if there is none."""
        if wanted:
            try:
                number = int(ipaddress.IPv4Address(wanted))
            except ValueError:
                return None
            if not vswitch.first <= number <= vswitch.last or number in vswitch.used:
                return None
            vswitch.used.add(number)
            return wanted
        size = vswitch.last - vswitch.first + 1
        if len(vswitch.used) >= size:
            return None
        while vswitch.next in vswitch.used:
            vswitch.next = vswitch.first + (vswitch.next + 1 - vswitch.first) % size
        number = vswitch.next
        vswitch.used.add(number)
        vswitch.next = vswitch.first + (number + 1 - vswitch.first) % size
        return str(ipaddress.IPv4Address(number))

    def give_back(self, vswitch_id: str, addresses: Iterable[str]) -> None:
        """Free addresses of a vSwitch, whether or not it still exists."""
        vswitch = self.vswitches.get(vswitch_id) or self.removed.get(vswitch_id)
        if isinstance(vswitch, VSwitch):
            vswitch.used.difference_update(int(ipaddress.IPv4Address(text)) for text in addresses)

    # Interfaces

    def new_interface(
        self, vswitch: VSwitch, type: str, groups: list[str], ip: str, region: str, **more: Any
    ) -> NetworkInterface:
        """A fresh interface in a vSwitch, Available, with an address that has been taken already."""
        eni = NetworkInterface(
            **self.common("eni", region, vswitch.owner),
            type=type,
            zone=vswitch.zone,
            vpc_id=vswitch.vpc_id,
            vswitch_id=vswitch.id,
            mac=self.mac(),
            ip=ip,
            security_group_ids=groups,
            **more,
        )
        self.interfaces[eni.id] = eni
        return eni

    def _remember(self, eni: NetworkInterface) -> None:
        eni.previous = (eni.state, eni.link)
        eni.changed = self.now()
        eni.past = [*eni.past[1 - PAST_KEPT :], (eni.changed, *eni.previous)]

    def link(self, eni: NetworkInterface, instance: Instance) -> None:
        """Join an interface and an instance at once, in the lowest free place."""
        taken = {other.device_index for other in instance.interfaces.values()}
        eni.device_index = next(index for index in range(len(taken) + 1) if index not in taken)
        eni.instance = instance
        eni.status = "InUse"
        instance.interfaces[eni.id] = eni

    def attach(self, eni: NetworkInterface, instance: Instance) -> None:
        """Available -> Attaching -> InUse."""
        self._remember(eni)
        self.link(eni, instance)
        if self.behaviour.attach_at_once:
            self._enter(eni, "InUse")
            return

        def attached() -> None:
            self._remember(eni)
            eni.status = "InUse"

        self.later(eni, "Attaching", attached)

    def detach(self, eni: NetworkInterface) -> None:
        """InUse -> Detaching -> Available; a repetition while Detaching changes nothing."""
        if eni.status == "Detaching":
            return
        self._remember(eni)
        seconds = self.behaviour.settle()
        for alter in self.behaviour.hooks.delay:
            seconds = alter(self, eni, seconds)
        self.later(eni, "Detaching", lambda: self.detached(eni), seconds)

    def detached(self, eni: NetworkInterface) -> None:
        """The end of a detach: the link is gone on both sides, and the slot is free."""
        self._remember(eni)
        if eni.instance is not None:
            eni.instance.interfaces.pop(eni.id, None)
        eni.instance = None
        eni.device_index = 0
        eni.status = "Available"
        eni.detaches += 1
        for hook in self.behaviour.hooks.settled:
            hook(self, eni)

    def delete_interface(self, eni: NetworkInterface) -> None:
        """Available -> Deleting -> gone."""

        def gone() -> None:
            self.interfaces.pop(eni.id, None)
            self.give_back(eni.vswitch_id, [eni.ip, *eni.secondary_ips])

        if eni.status != "Deleting":
            self.later(eni, "Deleting", gone)

    # Instances

    def start(self, instance: Instance) -> None:
        """Stopped -> Starting -> Running."""

        def running() -> None:
            instance.status = "Running"
            instance.boots += 1
            instance.started = self.timestamp()

        self.later(instance, "Starting", running)

    def create_then_start(self, instance: Instance) -> None:
        """Pending -> Starting -> Running, as a new instance does."""

        def created() -> None:
            instance.status = "Stopped"
            if not self.behaviour.comes_stopped:
                self.start(instance)

        self.later(instance, "Pending", created)

    def stop(self, instance: Instance, mode: str) -> None:
        """Running -> Stopping -> Stopped."""

        def stopped() -> None:
            instance.status = "Stopped"
            instance.stopped_mode = mode

        self.later(instance, "Stopping", stopped)

    def reboot(self, instance: Instance) -> None:
        """Running -> Starting -> Running; an interface that is stuck in Detaching comes free."""
        for eni in list(instance.interfaces.values()):
            if eni.status == "Detaching" and not eni.held:
                self.drop_pending(eni)
                self.detached(eni)
        self.start(instance)

    def delete_instance(self, instance: Instance) -> None:
        """Running or Stopped -> Stopping -> gone; its interfaces go with it or become Available."""

        def gone() -> None:
            for eni in list(instance.interfaces.values()):
                self.drop_pending(eni)
                self.detached(eni)
                if eni.type == "Primary" or eni.delete_on_release:
                    self.interfaces.pop(eni.id, None)
                    self.give_back(eni.vswitch_id, [eni.ip, *eni.secondary_ips])
            self.instances.pop(instance.id, None)

        self.later(instance, "Stopping", gone)

    # The control protocol's alterations

    def force(self, resource: Resource, status: str) -> None:
        """Show and use this status from now on; transitions wait until `reset`."""
        resource.forced = status
        self._freeze(resource)

    def alter(self, resource: Resource, name: str, value: Any) -> None:
        """Set an attribute and remember what it was, so that `reset` can undo it."""
        resource.undo.setdefault(name, getattr(resource, name))
        setattr(resource, name, value)

    def reset(self, resource: Resource) -> None:
        """Undo what the control protocol did to one resource."""
        for hook in self.behaviour.hooks.reset:
            hook(self, resource)
        for name, value in resource.undo.items():
            setattr(resource, name, value)
        resource.undo.clear()
        resource.forced = None
        gone = self.removed.pop(resource.id, None)
        if isinstance(gone, VSwitch):
            self.vswitches[gone.id] = gone
        elif isinstance(gone, SecurityGroup):
            self.groups[gone.id] = gone
        self.release(resource)

    # Creation of the rest

    def new_vpc(self, owner: str, region: str, cidr: str, name: str) -> Vpc:
        """A VPC, Pending at first."""
        vpc = Vpc(**self.common("vpc", region, owner), cidr=cidr, name=name)
        vpc.vrouter_id, vpc.route_table_id = self.new_id("vrt", region), self.new_id("vtb", region)
        self.vpcs[vpc.id] = vpc
        self.later(vpc, "Pending", lambda: setattr(vpc, "status", "Available"))
        return vpc

    def new_vswitch(self, vpc: Vpc, zone: str, network: ipaddress.IPv4Network, name: str) -> VSwitch:
        """A vSwitch, Pending at first; like the service it keeps the first and the last three addresses."""
        first = int(network.network_address) + 1
        vswitch = VSwitch(
            **self.common("vsw", vpc.region, vpc.owner),
            vpc_id=vpc.id,
            zone=zone,
            cidr=str(network),
            name=name,
            first=first,
            last=int(network.broadcast_address) - 3,
            next=first,
        )
        self.vswitches[vswitch.id] = vswitch
        self.later(vswitch, "Pending", lambda: setattr(vswitch, "status", "Available"))
        return vswitch
