"""DetachNetworkInterface: everything that decides its answer, and what it does.

The operation takes one elastic network interface off one instance.  Its reference page asks for InstanceId,
NetworkInterfaceId and RegionId; forbids the primary interface; wants the interface InUse or Detaching and the
instance Running or Stopped; and lists the refusals below.  Each guard states one condition of the page and
answers with the refusal that belongs to it, or None.  A guard asks nothing of the guards before it, so that
their order is a free choice: the page defines none, and GUARDS is the one we take.

Where the page leaves a border open, the choice is noted at the guard.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from eni_conformance.emulator.call import Call, missing
from eni_conformance.emulator.catalogue import REGIONS
from eni_conformance.emulator.envelope import Fields, Refusal, printable
from eni_conformance.emulator.gateway import guarded, pause
from eni_conformance.emulator.state import NetworkInterface, SecurityGroup

Guard = Callable[[Call], Refusal | None]

INSTANCE_ID = re.compile(r"i-[0-9a-z]{5,30}|AY[0-9A-Za-z]{6,30}")
INTERFACE_ID = re.compile(r"(eni|leni|hdeni)-[0-9a-z]{5,30}")
LONGEST_VALUE = 256
"""Characters that a value may have before it counts as no sensible one (a choice)."""
OWNER_PARAMETERS = ("OwnerAccount", "OwnerId", "ResourceOwnerAccount", "ResourceOwnerId")


# Who calls


def account_exists(call: Call) -> Refusal | None:
    """The account must exist, and its key must not have expired."""
    if call.caller.kind == "expired":
        return Refusal(
            403,
            "Abs.InvalidAccount.NotFound",
            f"Account {call.caller.account} does not exist or its key has expired.",
        )
    return None


def account_type_is_supported(call: Call) -> Refusal | None:
    """The type of the account must allow the operation."""
    if call.caller.kind == "unsupported":
        return Refusal(
            403,
            "InvalidUserType.NotSupported",
            f"The type of account {call.caller.account} does not allow {call.action}.",
        )
    return None


def ram_user_is_supported(call: Call) -> Refusal | None:
    """Some kinds of RAM user may not call the operation at all."""
    if call.caller.kind == "ram_unsupported":
        return Refusal(
            403,
            "Forbidden.NotSupportRAM",
            f"The RAM user of account {call.caller.account} cannot call {call.action}.",
        )
    return None


def ram_user_is_authorized(call: Call) -> Refusal | None:
    """A RAM user needs a policy that allows the operation on these resources."""
    if call.caller.kind == "ram" and call.action in call.caller.denied:
        return Refusal(
            403,
            "Forbidden.SubUser",
            f"The RAM user is not authorized to perform ecs:{call.action} on the resource.",
            {
                "AccessDeniedDetail": {
                    "AuthAction": f"ecs:{call.action}",
                    "AuthPrincipalType": "SubUser",
                    "AuthPrincipalOwnerId": call.caller.account,
                    "NoPermissionType": "ImplicitDeny",
                    "PolicyType": "AccountLevelIdentityBasedPolicy",
                }
            },
        )
    return None


# What was sent


def instance_id_is_given(call: Call) -> Refusal | None:
    """InstanceId is required; an empty value counts as missing (a choice)."""
    return None if call.get("InstanceId") else missing("InstanceId")


def interface_id_is_given(call: Call) -> Refusal | None:
    """NetworkInterfaceId is required; an empty value counts as missing (a choice)."""
    return None if call.get("NetworkInterfaceId") else missing("NetworkInterfaceId")


def region_id_is_given(call: Call) -> Refusal | None:
    """RegionId is required; an empty value counts as missing (a choice)."""
    return None if call.get("RegionId") else missing("RegionId")


def parameters_are_supported(call: Call) -> Refusal | None:
    """A parameter that has been switched off is refused; an unknown one is ignored (a choice)."""
    for name in call.cloud.parameters_off:
        if name in call.params:
            return Refusal(400, "UnsupportedParameter", f"The parameter {printable(name)} is not supported.")
    return None


def values_are_text(call: Call) -> Refusal | None:
    """Values must be UTF-8 without control characters, and of sensible length (a choice)."""
    for name in ("InstanceId", "NetworkInterfaceId", "RegionId", *OWNER_PARAMETERS):
        value = call.get(name)
        if value and (len(value) > LONGEST_VALUE or not value.isprintable()):
            return Refusal(400, "InvalidParameter", f"The value of {name} is not valid: {printable(value)}.")
    return None


def instance_id_is_well_formed(call: Call) -> Refusal | None:
    """An instance id that could never have been issued is malformed; others are merely unknown."""
    value = call.get("InstanceId")
    if value and not INSTANCE_ID.fullmatch(value) and not _known_form(call, value):
        return Refusal(400, "InvalidInstanceID.Malformed", f"The InstanceId {printable(value)} is malformed.")
    return None


def interface_id_is_well_formed(call: Call) -> Refusal | None:
    """The same for an interface id."""
    value = call.get("NetworkInterfaceId")
    if value and not INTERFACE_ID.fullmatch(value) and not _known_form(call, value):
        return Refusal(400, "InvalidParams.EniId", f"The NetworkInterfaceId {printable(value)} is malformed.")
    return None


def _known_form(call: Call, value: str) -> bool:
    return any(knows(value) for knows in call.cloud.behaviour.hooks.well_formed)


# Where


def region_exists(call: Call) -> Refusal | None:
    """RegionId must name a region."""
    value = call.get("RegionId")
    if value and value not in REGIONS:
        return Refusal(400, "InvalidOperation.InvalidRegion", f"The RegionId {printable(value)} is not valid.")
    return None


def region_offers_the_feature(call: Call) -> Refusal | None:
    """Not every region offers network interface operations."""
    value = call.get("RegionId")
    if value in call.cloud.regions_off:
        return Refusal(400, "Forbidden.RegionId", f"The region {value} does not support this operation yet.")
    return None


# Which resources


def instance_exists(call: Call) -> Refusal | None:
    """The instance must exist in this region and belong to the caller's account."""
    value = call.get("InstanceId")
    if value and call.instance is None:
        return Refusal(404, "InvalidEcsId.NotFound", f"The instance {printable(value)} does not exist.")
    return None


def interface_exists(call: Call) -> Refusal | None:
    """The interface must exist in this region and belong to the caller's account."""
    value = call.get("NetworkInterfaceId")
    if value and call.eni is None:
        return Refusal(404, "InvalidEniId.NotFound", f"The network interface {printable(value)} does not exist.")
    return None


# In which state


def interface_is_not_primary(call: Call) -> Refusal | None:
    """The primary interface stays with its instance."""
    if call.eni is not None and call.eni.type == "Primary":
        return Refusal(
            400,
            "InvalidOperation.DetachPrimaryEniNotAllowed",
            f"The primary network interface {call.eni.id} cannot be detached.",
        )
    return None


def interface_type_is_supported(call: Call) -> Refusal | None:
    """Of the other types only Secondary can be detached; a Member with its trunk under revision 2024."""
    eni = call.eni
    if eni is None or eni.type in ("Primary", "Secondary"):
        return None
    if eni.type == "Member" and call.cloud.behaviour.revision == "2024" and call.get("TrunkNetworkInstanceId"):
        return None
    return Refusal(
        403,
        "InvalidOperation.InvalidEniType",
        f"The type of network interface {eni.id} is {printable(eni.type)}, expected Secondary.",
    )


def interface_is_in_use_or_detaching(call: Call) -> Refusal | None:
    """The interface must be InUse or Detaching."""
    eni = call.eni
    if eni is not None and eni.state not in ("InUse", "Detaching"):
        return Refusal(
            400,
            "InvalidOperation.InvalidEniState",
            f"The status of network interface {eni.id} is {eni.state}, expected InUse or Detaching.",
        )
    return None


def interface_is_on_the_instance(call: Call) -> Refusal | None:
    """It must be linked to the very instance named; the first revision has only the state's code for that."""
    eni, instance = call.eni, call.instance
    if eni is None or instance is None or eni.instance is instance:
        return None
    if eni.instance is None and eni.state not in ("InUse", "Detaching"):
        return None  # the state already says so
    message = f"The network interface {eni.id} is not attached to instance {instance.id}."
    if call.cloud.behaviour.revision == "2024":
        return Refusal(400, "InvalidParameter.EniNotBelongEcs", message)
    return Refusal(400, "InvalidOperation.InvalidEniState", message)


def instance_is_running_or_stopped(call: Call) -> Refusal | None:
    """The instance must be Running or Stopped."""
    instance = call.instance
    if instance is not None and instance.state not in ("Running", "Stopped"):
        return Refusal(
            400,
            "InvalidOperation.InvalidEcsState",
            f"The status of instance {instance.id} is {instance.state}, expected Running or Stopped.",
        )
    return None


def interface_is_in_the_zone(call: Call) -> Refusal | None:
    """Interface and instance must lie in one zone."""
    eni, instance = call.eni, call.instance
    if eni is not None and instance is not None and eni.instance is instance and eni.zone != instance.zone:
        return Refusal(
            403,
            "InvalidOperation.AvailabilityZoneMismatch",
            f"The network interface lies in {printable(eni.zone)}, the instance in {instance.zone}.",
        )
    return None


def interface_is_in_the_vpc(call: Call) -> Refusal | None:
    """Interface and instance must lie in one VPC."""
    eni, instance = call.eni, call.instance
    if eni is not None and instance is not None and eni.instance is instance and eni.vpc_id != instance.vpc_id:
        return Refusal(
            403,
            "InvalidOperation.VpcMismatch",
            f"The network interface lies in {printable(eni.vpc_id)}, the instance in {instance.vpc_id}.",
        )
    return None


def vswitch_exists(call: Call) -> Refusal | None:
    """The vSwitch of the interface must exist."""
    eni = call.eni
    if eni is not None and eni.vswitch_id not in call.cloud.vswitches:
        return Refusal(404, "InvalidVSwitchId.NotFound", f"The vSwitch {eni.vswitch_id} does not exist.")
    return None


def security_groups_exist(call: Call) -> Refusal | None:
    """The security groups of the interface must exist."""
    for group in call.eni.security_group_ids if call.eni is not None else ():
        if group not in call.cloud.groups:
            return Refusal(404, "InvalidSecurityGroupId.NotFound", f"The security group {group} does not exist.")
    return None


def security_groups_are_of_a_vpc(call: Call) -> Refusal | None:
    """The security groups of the interface must be of the VPC kind."""
    for group in _groups(call):
        if group.kind != "vpc":
            return Refusal(403, "InvalidSecurityGroupId.NotVpc", f"The security group {group.id} is not of a VPC.")
    return None


def security_groups_are_within_their_limit(call: Call) -> Refusal | None:
    """The security groups of the interface must not hold more instances than they may."""
    for group in _groups(call):
        if group.full:
            return Refusal(
                403,
                "SecurityGroupInstanceLimitExceed",
                f"The security group {group.id} holds too many instances.",
            )
    return None


def instance_is_within_its_limit(call: Call) -> Refusal | None:
    """The instance must not hold more interfaces than its type allows."""
    instance = call.instance
    if instance is not None and instance.over_limit:
        return Refusal(
            403,
            "EniPerInstanceLimitExceeded",
            f"The instance {instance.id} holds more network interfaces than {instance.type.id} allows.",
        )
    return None


def trunk_holds_the_interface(call: Call) -> Refusal | None:
    """Revision 2024 only: a trunk interface that is named must be one, and must hold this member."""
    trunk_id, eni = call.get("TrunkNetworkInstanceId"), call.eni
    if call.cloud.behaviour.revision != "2024" or not trunk_id or eni is None:
        return None
    trunk = call.cloud.interfaces.get(trunk_id)
    if trunk is None or trunk.owner != call.caller.account or trunk.region != call.get("RegionId"):
        return Refusal(404, "InvalidEniId.NotFound", f"The network interface {printable(trunk_id)} does not exist.")
    if trunk.type != "Trunk":
        return Refusal(
            403,
            "InvalidOperation.EniTypeNotSupportTrunking",
            f"The type of network interface {trunk.id} is {printable(trunk.type)}, expected Trunk.",
        )
    if trunk.state != "InUse":
        return Refusal(
            403,
            "InvalidOperation.InvalidTrunkEniStatus",
            f"The status of trunk interface {trunk.id} is {trunk.state}, expected InUse.",
        )
    if eni.trunk_id != trunk.id:
        return Refusal(
            403,
            "InvalidParameter.EniNotBelongTrunk",
            f"The network interface {eni.id} is no member of {trunk.id}.",
        )
    return None


GUARDS: tuple[Guard, ...] = (
    account_exists,
    account_type_is_supported,
    ram_user_is_supported,
    instance_id_is_given,
    interface_id_is_given,
    region_id_is_given,
    parameters_are_supported,
    values_are_text,
    instance_id_is_well_formed,
    interface_id_is_well_formed,
    region_exists,
    region_offers_the_feature,
    ram_user_is_authorized,
    instance_exists,
    interface_exists,
    interface_is_not_primary,
    interface_type_is_supported,
    trunk_holds_the_interface,
    interface_is_in_use_or_detaching,
    interface_is_on_the_instance,
    instance_is_running_or_stopped,
    vswitch_exists,
    security_groups_exist,
    security_groups_are_of_a_vpc,
    interface_is_in_the_zone,
    interface_is_in_the_vpc,
    security_groups_are_within_their_limit,
    instance_is_within_its_limit,
)


def _groups(call: Call) -> list[SecurityGroup]:
    known = call.cloud.groups
    return [known[id] for id in (call.eni.security_group_ids if call.eni is not None else ()) if id in known]


def look_up(call: Call) -> None:
    """Find the resources: byte for byte by id, in the region named, of the caller's account."""
    region, account = call.get("RegionId"), call.caller.account
    instance = call.cloud.instances.get(call.get("InstanceId"))
    if instance is not None and instance.owner == account and instance.region == region:
        call.instance = instance
    eni = call.cloud.interfaces.get(call.get("NetworkInterfaceId"))
    if eni is not None and eni.owner == account and eni.region == region:
        call.eni = eni


def decide(call: Call) -> Refusal | None:
    """The refusal that this call earns, None if it is to be carried out."""
    look_up(call)
    hooks = call.cloud.behaviour.hooks
    guards: tuple[Guard, ...] = GUARDS
    for arrange in hooks.order:
        guards = arrange(call, guards)
    refusal = None
    for guard in guards:
        refusal = guard(call)
        if refusal is not None and guarded(call, guard.__name__):
            break
        refusal = None
    for exchange in hooks.decision:
        refusal = exchange(call, refusal)
    return refusal


async def detach_network_interface(call: Call) -> Fields:
    """Decide, then begin the detach; the interface becomes Available some time after the answer.

    Answers with nothing but a RequestId.  Raises the Refusal that the guards found.
    """
    hooks = call.cloud.behaviour.hooks
    refusal = decide(call)
    for wait in hooks.pause:
        await pause(wait(call))
    if refusal is not None:
        for look in hooks.refused:
            look(call, refusal)
        raise refusal
    if call.eni is not None:
        _begin(call, call.eni)
    return {}


def _begin(call: Call, eni: NetworkInterface) -> None:
    call.cloud.detach(eni)
    for touch in call.cloud.behaviour.hooks.effect:
        touch(call, eni)
