"""What a test wants: a World, and the Steps to take in it, as plain values.

A Scenario is the unit of everything: strategies draw it, the harness carries it out, the oracle judges
what came of it, the shrinker makes it smaller, and evidence files store it. It names resources by their
place in the World ("eni:1", "instance:0"), never by an identifier of a real target, so the same Scenario
can be carried out on any target. This file knows nothing of HTTP, of targets or of verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

InstanceStatus = Literal["Pending", "Starting", "Running", "Stopping", "Stopped"]
EniStatus = Literal["Available", "Attaching", "InUse", "Detaching", "Deleting"]

Attribute = Literal["Description", "DeleteOnRelease", "NetworkInterfaceName", "SecurityGroupIds"]
ATTRIBUTES: tuple[Attribute, ...] = ("Description", "DeleteOnRelease", "NetworkInterfaceName", "SecurityGroupIds")
"""What may be modified of an interface, whatever its status."""

INSTANCE_STATUSES: tuple[InstanceStatus, ...] = ("Pending", "Starting", "Running", "Stopping", "Stopped")
ENI_STATUSES: tuple[EniStatus, ...] = ("Available", "Attaching", "InUse", "Detaching", "Deleting")


@dataclass(frozen=True)
class InstanceSpec:
    """One instance of a World. `past` is what happened to it since it was created.

    `fault` is an order of the control protocol for instances that is in force for it, as a condition.
    """

    status: InstanceStatus = "Running"
    past: Literal["any", "fresh", "restarted", "rebooted"] = "any"
    zone: int = 0
    fault: str = ""

    @staticmethod
    def from_earlier(data: dict[str, Any]) -> dict[str, Any]:
        """What a file of an earlier version says, in the words of this one."""
        over = data.pop("over_eni_limit", False)
        return {**data, "fault": "instance.eni_limit"} if over else data


@dataclass(frozen=True)
class EniSpec:
    """One secondary network interface of a World; `on` is the place of its instance, None if unattached.

    `past`: of its attachments; "born": it came with its instance, as one interface of an instance may, and was never
    detached. `other_vswitch`: it lies in another vSwitch of the zone than instances do, where the network is the run's
    own.
    `fault` is a condition that only the control protocol can bring about: an order for the interface or for what it
    refers to, with its value where it has one ("vswitch.remove", "eni.type=Trunk").
    """

    on: int | None = 0
    status: EniStatus = "InUse"
    past: Literal["any", "fresh", "reattached", "moved", "born"] = "any"
    tags: int = 0
    groups: int = 1
    addresses: int = 1
    name: Literal["", "plain", "short", "long", "unicode", "same"] = "plain"
    description: Literal["", "plain", "long", "unicode"] = ""
    delete_on_release: bool | None = None
    other_vswitch: bool = False
    fault: str = ""


@dataclass(frozen=True)
class World:
    """The resources and their states before the first step.

    `faults`: orders of the control protocol for the region ("region.feature") and for parameters, each with a name
    ("parameter.unsupported=OwnerAccount"). `region`: where all of it is; in a World of the target's second region, the
    parameter "region" means that one, and "second_region" the first.
    """

    instances: tuple[InstanceSpec, ...] = (InstanceSpec(),)
    enis: tuple[EniSpec, ...] = (EniSpec(),)
    faults: tuple[str, ...] = ()
    region: Literal["first", "second"] = "first"

    @staticmethod
    def from_earlier(data: dict[str, Any]) -> dict[str, Any]:
        """What a file of an earlier version says, in the words of this one."""
        off, name = not data.pop("region_feature", True), data.pop("refused_parameter", "")
        faults = [*["region.feature"] * off, *[f"parameter.unsupported={name}"] * bool(name)]
        return {**data, "faults": faults} if faults else data


@dataclass(frozen=True)
class Wire:
    """How a call is put on the wire.

    `place`: where the operation's parameters of a POST go. `format`: the Format parameter, "" for none.
    `order`: order of the parameters on the wire. `fresh`: on a new connection. `style`: a lawful way to write it that
    is not the usual one: percent-encoding in lower case, a space as "+", public parameters behind the others, a media
    type with a parameter, an Accept header that names several types (where JSON is asked for).
    """

    method: Literal["GET", "POST"] = "GET"
    place: Literal["query", "form", "mixed"] = "query"
    format: Literal["JSON", "XML", "json", "xml", ""] = "JSON"
    signing: Literal["v1", "v3"] = "v1"
    order: Literal["given", "reversed", "sorted", "rotated"] = "given"
    fresh: bool = False
    style: Literal["", "lower", "plus", "public last", "charset", "accept"] = ""


@dataclass(frozen=True)
class Arg:
    """One parameter of a call, in the order given.

    ref: "eni:K", "instance:K", "primary:K" (the primary interface of instance K), "region",
         "second_region", "zone", "instance_name:K", or "" when `form` holds the text itself.
    form: how the text is made from what ref denotes; a name of `conformance.identifiers.FORMS`
          ("exact" is the identifier itself), or "text:..." for a literal.
    """

    name: str
    ref: str = ""
    form: str = "exact"


@dataclass(frozen=True)
class Call:
    """One DetachNetworkInterface call."""

    args: tuple[Arg, ...] = (
        Arg("RegionId", "region"),
        Arg("InstanceId", "instance:0"),
        Arg("NetworkInterfaceId", "eni:0"),
    )
    wire: Wire = Wire()
    caller: str = "account"


@dataclass(frozen=True)
class Detach:
    """The call under test."""

    call: Call = Call()
    kind: Literal["detach"] = "detach"


@dataclass(frozen=True)
class Act:
    """A public operation of the surroundings; `eni` and `instance` are places in the World.

    stop_charging: StopInstance in the mode that keeps no resources. create: another interface, in the vSwitch of `eni`.
    attribute: what is modified, as descriptions show it.
    """

    op: Literal[
        "attach",
        "delete",
        "start",
        "stop",
        "stop_charging",
        "reboot",
        "delete_instance",
        "modify",
        "create",
        "describe",
    ] = "describe"
    eni: int = 0
    instance: int = 0
    attribute: Attribute = "Description"
    kind: Literal["act"] = "act"


@dataclass(frozen=True)
class Settle:
    """Wait until nothing is in transition, then look at everything. `after`: seconds to wait first, for effects
    that come late. `view`: in which other way to describe what was detached, "" for the one whose turn it is."""

    after: float = 0.0
    view: str = ""
    kind: Literal["settle"] = "settle"


@dataclass(frozen=True)
class Probe:
    """A call that the gateway must refuse (or must not), prepared as `conformance.gateway.PROBES[name]` says."""

    name: str = ""
    call: Call = Call()
    kind: Literal["probe"] = "probe"


@dataclass(frozen=True)
class Parallel:
    """Steps sent at the same moment by as many clients."""

    steps: tuple[Detach | Act, ...] = ()
    kind: Literal["parallel"] = "parallel"


Step = Detach | Act | Settle | Probe | Parallel


AS_ASKED = "formats as they are asked for"
"""Name of a Scenario whose calls go out in their own format, though the target seems not to offer it."""


@dataclass(frozen=True)
class Scenario:
    """A World and what is done in it, in order. `name` is set for hand-written ones."""

    world: World = World()
    steps: tuple[Step, ...] = field(default_factory=tuple)
    name: str = ""

    @property
    def creates(self) -> int:
        """How many interfaces are made in its course."""
        return sum(isinstance(step, Act) and step.op == "create" for step in self.steps)


ACTIONS = {
    "attach": "AttachNetworkInterface",
    "delete": "DeleteNetworkInterface",
    "start": "StartInstance",
    "stop": "StopInstance",
    "stop_charging": "StopInstance",
    "reboot": "RebootInstance",
    "delete_instance": "DeleteInstance",
    "modify": "ModifyNetworkInterfaceAttribute",
    "create": "CreateNetworkInterface",
    "describe": "DescribeNetworkInterfaces",
}
"""What an Act asks for -> the action that does it."""


def format_of(call: Call) -> str:
    """The format that the answer must have: V1 without Format means XML, V3 asks by the Accept header."""
    if call.wire.format:
        return call.wire.format.upper()
    return "XML" if call.wire.signing == "v1" else ""
