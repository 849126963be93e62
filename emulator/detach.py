"""DetachNetworkInterface: everything that decides its answer, and what it does.

The operation takes one elastic network interface off one instance.  Its reference page asks for InstanceId,
NetworkInterfaceId and RegionId; forbids the primary interface; wants the interface InUse or Detaching and the
instance Running or Stopped; and lists the refusals below.  Each guard is a row: one condition of the page, the
refusal that belongs to it, and what the page's silence admits besides.  A guard asks nothing of the guards before
it, so that their order is a free choice: the page defines none, and GUARDS is the one we take.

Where the page leaves a border open, the choice is noted at the guard.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from eni_conformance.emulator.call import Call, missing
from eni_conformance.emulator.catalogue import REGIONS
from eni_conformance.emulator.envelope import Fields, Refusal, printable
from eni_conformance.emulator.gateway import guarded, pause
from eni_conformance.emulator.signing import parse_pairs
from eni_conformance.emulator.state import NetworkInterface, SecurityGroup

INSTANCE_ID = re.compile(r"i-[0-9a-z]{5,30}|AY[0-9A-Za-z]{6,30}")
INTERFACE_ID = re.compile(r"(eni|leni|hdeni)-[0-9a-z]{5,30}")
LONGEST_VALUE = 256
"""Characters that a value may have before it counts as no sensible one (a choice)."""
LEGACY_PARAMETERS = ("OwnerId", "ResourceOwnerAccount", "ResourceOwnerId")
"""Owner parameters that only the SDKs know."""
COMMON_PARAMETERS = frozenset(
    {
        *("Action", "Version", "Format", "AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion"),
        *("SignatureNonce", "SignatureType", "Timestamp", "SecurityToken"),
        *("RegionId", "InstanceId", "NetworkInterfaceId"),
    }
)
KNOWN_PARAMETERS = COMMON_PARAMETERS | {"OwnerAccount", *LEGACY_PARAMETERS, "TrunkNetworkInstanceId"}

NO_ECS, NO_ENI = "InvalidEcsId.NotFound", "InvalidEniId.NotFound"
STATE, ECS_STATE = "InvalidOperation.InvalidEniState", "InvalidOperation.InvalidEcsState"
PRIMARY, TYPE = "InvalidOperation.DetachPrimaryEniNotAllowed", "InvalidOperation.InvalidEniType"
NO_REGION = "InvalidOperation.InvalidRegion"
BAD_ECS, BAD_ENI = "InvalidInstanceID.Malformed", "InvalidParams.EniId"

Finding = str | Refusal | None
"""What a guard finds wrong: the message of its refusal, a refusal of another code, or nothing."""


@dataclass(frozen=True, slots=True)
class Guard:
    """One condition: its name, the refusal that belongs to it, and a function that finds it broken.

    `also` are codes that the page's silence admits besides; `implies` the guards that then fail of themselves.
    """

    name: str
    status: int
    code: str
    finds: Callable[[Call], Finding]
    also: tuple[str, ...] = ()
    implies: tuple[str, ...] = ()

    def __call__(self, call: Call) -> Refusal | None:
        """The refusal that the call earns by this condition."""
        found = self.finds(call)
        return Refusal(self.status, self.code, found) if isinstance(found, str) else found


# What the guards find


def _caller_of_kind(kind: str, sentence: str) -> Callable[[Call], Finding]:
    def finds(call: Call) -> Finding:
        return sentence.format(call=call) if call.caller.kind == kind else None

    return finds


def _not_authorized(call: Call) -> Finding:
    """A RAM user needs a policy that allows the operation on these resources."""
    if call.caller.kind != "ram" or call.action not in call.caller.denied:
        return None
    detail = {
        "AuthAction": f"ecs:{call.action}",
        "AuthPrincipalType": "SubUser",
        "AuthPrincipalOwnerId": call.caller.account,
        "NoPermissionType": "ImplicitDeny",
        "PolicyType": "AccountLevelIdentityBasedPolicy",
    }
    message = f"The RAM user is not authorized to perform ecs:{call.action} on the resource."
    return Refusal(403, "Forbidden.SubUser", message, {"AccessDeniedDetail": detail})


def _missing(name: str) -> Callable[[Call], Finding]:
    """The parameter is required; an empty value counts as missing (a choice)."""
    return lambda call: None if call.get(name) else missing(name)


def _unsupported_parameter(call: Call) -> Finding:
    """A parameter that has been switched off is refused; an unknown one is ignored (a choice)."""
    found = next((name for name in call.cloud.parameters_off if name in call.params), None)
    return None if found is None else f"The parameter {printable(found)} is not supported."


def _odd_value(call: Call) -> Finding:
    """Values must be UTF-8 without control characters, and of sensible length (a choice)."""
    for name in ("InstanceId", "NetworkInterfaceId", "RegionId", "OwnerAccount", *LEGACY_PARAMETERS):
        value = call.get(name)
        if value and (len(value) > LONGEST_VALUE or not value.isprintable()):
            return f"The value of {name} is not valid: {printable(value)}."
    return None


def _malformed(name: str, form: re.Pattern[str]) -> Callable[[Call], Finding]:
    """An id that could never have been issued is malformed; others are merely unknown."""

    def finds(call: Call) -> Finding:
        value = call.get(name)
        if not value or form.fullmatch(value) or any(knows(value) for knows in call.cloud.behaviour.hooks.well_formed):
            return None
        return f"The {name} {printable(value)} is malformed."

    return finds


def _unknown_region(call: Call) -> Finding:
    value = call.get("RegionId")
    return f"The RegionId {printable(value)} is not valid." if value and value not in REGIONS else None


def _featureless_region(call: Call) -> Finding:
    value = call.get("RegionId")
    return f"The region {value} does not support this operation yet." if value in call.cloud.regions_off else None


def _unknown_instance(call: Call) -> Finding:
    """The instance must exist in this region and belong to the caller's account."""
    value = call.get("InstanceId")
    return f"The instance {printable(value)} does not exist." if value and call.instance is None else None


def _unknown_interface(call: Call) -> Finding:
    """The same for the interface."""
    value = call.get("NetworkInterfaceId")
    return f"The network interface {printable(value)} does not exist." if value and call.eni is None else None


def _of_interface(wrong: Callable[[Call, NetworkInterface], Finding]) -> Callable[[Call], Finding]:
    """What can only be wrong with an interface that exists."""
    return lambda call: wrong(call, call.eni) if call.eni is not None else None


def _primary(call: Call, eni: NetworkInterface) -> Finding:
    return f"The primary network interface {eni.id} cannot be detached." if eni.type == "Primary" else None


def _unsupported_type(call: Call, eni: NetworkInterface) -> Finding:
    """Of the other types only Secondary can be detached; a Member with its trunk under revision 2024."""
    with_trunk = call.cloud.behaviour.revision == "2024" and call.get("TrunkNetworkInstanceId")
    if eni.type in ("Primary", "Secondary") or (eni.type == "Member" and with_trunk):
        return None
    return f"The type of network interface {eni.id} is {printable(eni.type)}, expected Secondary."


def _no_member_of_trunk(call: Call, eni: NetworkInterface) -> Finding:
    """Revision 2024 only: a trunk interface that is named must be one, and must hold this member."""
    trunk_id = call.get("TrunkNetworkInstanceId")
    if call.cloud.behaviour.revision != "2024" or not trunk_id:
        return None
    trunk = call.cloud.interfaces.get(trunk_id)
    if trunk is None or trunk.owner != call.caller.account or trunk.region != call.get("RegionId"):
        return Refusal(404, NO_ENI, f"The network interface {printable(trunk_id)} does not exist.")
    if trunk.type != "Trunk":
        message = f"The type of network interface {trunk.id} is {printable(trunk.type)}, expected Trunk."
        return Refusal(403, "InvalidOperation.EniTypeNotSupportTrunking", message)
    if trunk.state != "InUse":
        message = f"The status of trunk interface {trunk.id} is {trunk.state}, expected InUse."
        return Refusal(403, "InvalidOperation.InvalidTrunkEniStatus", message)
    return f"The network interface {eni.id} is no member of {trunk.id}." if eni.trunk_id != trunk.id else None


def _wrong_status(call: Call, eni: NetworkInterface) -> Finding:
    if eni.state in ("InUse", "Detaching"):
        return None
    return f"The status of network interface {eni.id} is {eni.state}, expected InUse or Detaching."


def _on_another_instance(call: Call, eni: NetworkInterface) -> Finding:
    """It must be linked to the very instance named; the first revision has only the state's code for that."""
    instance = call.instance
    if instance is None or eni.instance is instance:
        return None
    if eni.instance is None and eni.state not in ("InUse", "Detaching"):
        return None  # the state already says so
    message = f"The network interface {eni.id} is not attached to instance {instance.id}."
    if call.cloud.behaviour.revision == "2024":
        return Refusal(400, "InvalidParameter.EniNotBelongEcs", message)
    return message


def _instance_in_wrong_status(call: Call) -> Finding:
    instance = call.instance
    if instance is None or instance.state in ("Running", "Stopped"):
        return None
    return f"The status of instance {instance.id} is {instance.state}, expected Running or Stopped."


def _in_another_zone(call: Call, eni: NetworkInterface) -> Finding:
    instance = call.instance
    if instance is None or eni.instance is not instance or eni.zone == instance.zone:
        return None
    return f"The network interface lies in {printable(eni.zone)}, the instance in {instance.zone}."


def _in_another_vpc(call: Call, eni: NetworkInterface) -> Finding:
    instance = call.instance
    if instance is None or eni.instance is not instance or eni.vpc_id == instance.vpc_id:
        return None
    return f"The network interface lies in {printable(eni.vpc_id)}, the instance in {instance.vpc_id}."


def _without_vswitch(call: Call, eni: NetworkInterface) -> Finding:
    known = eni.vswitch_id in call.cloud.vswitches
    return None if known else f"The vSwitch {eni.vswitch_id} does not exist."


def _without_group(call: Call, eni: NetworkInterface) -> Finding:
    gone = next((group for group in eni.security_group_ids if group not in call.cloud.groups), None)
    return None if gone is None else f"The security group {gone} does not exist."


def _group(wrong: Callable[[SecurityGroup], bool], sentence: str) -> Callable[[Call], Finding]:
    """One of the interface's security groups that exist is not as it must be."""

    def finds(call: Call, eni: NetworkInterface) -> Finding:
        groups = (call.cloud.groups[id] for id in eni.security_group_ids if id in call.cloud.groups)
        found = next((group for group in groups if wrong(group)), None)
        return None if found is None else f"The security group {found.id} {sentence}."

    return _of_interface(finds)


def _instance_over_limit(call: Call) -> Finding:
    instance = call.instance
    if instance is None or not instance.over_limit:
        return None
    return f"The instance {instance.id} holds more network interfaces than {instance.type.id} allows."


# The rows

EXPIRED = "Account {call.caller.account} does not exist or its key has expired."
USER_TYPE = "The type of account {call.caller.account} does not allow {call.action}."
RAM_KIND = "The RAM user of account {call.caller.account} cannot call {call.action}."
EXISTENCE = ("instance_exists", "interface_exists")
FORM = ("instance_id_is_well_formed", "interface_id_is_well_formed")
BELONGS = (NO_ENI, "InvalidParameter", "InvalidParameter.EniNotBelongEcs")
ODD = (BAD_ECS, BAD_ENI, NO_REGION, NO_ECS, NO_ENI, "Abs.InvalidAccount.NotFound", "UnsupportedParameter")

# fmt: off
GUARDS: tuple[Guard, ...] = (
    Guard("account_exists", 403, "Abs.InvalidAccount.NotFound", _caller_of_kind("expired", EXPIRED)),
    Guard("account_type_is_supported", 403, "InvalidUserType.NotSupported", _caller_of_kind("unsupported", USER_TYPE)),
    Guard("ram_user_is_supported", 403, "Forbidden.NotSupportRAM", _caller_of_kind("ram_unsupported", RAM_KIND)),
    Guard("instance_id_is_given", 400, "MissingParameter", _missing("InstanceId"),
        also=(BAD_ECS, NO_ECS, "InvalidParameter")),
    Guard("interface_id_is_given", 400, "MissingParameter", _missing("NetworkInterfaceId"),
        also=(BAD_ENI, NO_ENI, "InvalidParameter")),
    Guard("region_id_is_given", 400, "MissingParameter", _missing("RegionId"),
        also=(NO_REGION, "InvalidParameter", NO_ECS, NO_ENI), implies=EXISTENCE),
    Guard("parameters_are_supported", 400, "UnsupportedParameter", _unsupported_parameter),
    Guard("values_are_text", 400, "InvalidParameter", _odd_value,
        also=ODD, implies=(*FORM, *EXISTENCE, "region_exists")),
    Guard("instance_id_is_well_formed", 400, BAD_ECS, _malformed("InstanceId", INSTANCE_ID),
        also=(NO_ECS, "InvalidParameter"), implies=("instance_exists",)),
    Guard("interface_id_is_well_formed", 400, BAD_ENI, _malformed("NetworkInterfaceId", INTERFACE_ID),
        also=(NO_ENI, "InvalidParameter"), implies=("interface_exists",)),
    Guard("region_exists", 400, NO_REGION, _unknown_region,
        also=("InvalidParameter", NO_ECS, NO_ENI), implies=EXISTENCE),
    Guard("region_offers_the_feature", 400, "Forbidden.RegionId", _featureless_region),
    Guard("ram_user_is_authorized", 403, "Forbidden.SubUser", _not_authorized),
    Guard("instance_exists", 404, NO_ECS, _unknown_instance, also=(NO_REGION, NO_ENI)),
    Guard("interface_exists", 404, NO_ENI, _unknown_interface, also=(NO_REGION, NO_ECS)),
    Guard("interface_is_not_primary", 400, PRIMARY, _of_interface(_primary), also=(TYPE,)),
    Guard("interface_type_is_supported", 403, TYPE, _of_interface(_unsupported_type)),
    Guard("trunk_holds_the_interface", 403, "InvalidParameter.EniNotBelongTrunk", _of_interface(_no_member_of_trunk)),
    Guard("interface_is_in_use_or_detaching", 400, STATE, _of_interface(_wrong_status)),
    Guard("interface_is_on_the_instance", 400, STATE, _of_interface(_on_another_instance), also=BELONGS),
    Guard("instance_is_running_or_stopped", 400, ECS_STATE, _instance_in_wrong_status),
    Guard("vswitch_exists", 404, "InvalidVSwitchId.NotFound", _of_interface(_without_vswitch)),
    Guard("security_groups_exist", 404, "InvalidSecurityGroupId.NotFound", _of_interface(_without_group)),
    Guard("security_groups_are_of_a_vpc", 403, "InvalidSecurityGroupId.NotVpc",
        _group(lambda group: group.kind != "vpc", "is not of a VPC")),
    Guard("interface_is_in_the_zone", 403, "InvalidOperation.AvailabilityZoneMismatch",
        _of_interface(_in_another_zone)),
    Guard("interface_is_in_the_vpc", 403, "InvalidOperation.VpcMismatch", _of_interface(_in_another_vpc)),
    Guard("security_groups_are_within_their_limit", 403, "SecurityGroupInstanceLimitExceed",
        _group(lambda group: group.full, "holds too many instances")),
    Guard("instance_is_within_its_limit", 403, "EniPerInstanceLimitExceeded", _instance_over_limit),
)
"""In the order in which they are asked."""
# fmt: on


# What may be refused, though we do not


def undeclared(call: Call) -> bool:
    """Whether a parameter is given that no page declares."""
    return not call.params.keys() <= KNOWN_PARAMETERS


def legacy(call: Call) -> bool:
    """Whether an owner parameter is given that only the SDKs know."""
    return any(name in call.params for name in LEGACY_PARAMETERS)


def names(call: Call) -> list[str]:
    """The names of the parameters in the order in which they were sent."""
    sent = parse_pairs(call.query) + (parse_pairs(call.body) if call.method == "POST" and call.body else [])
    return [name for name, _ in sent]


def _doubtful_parameter(call: Call) -> Finding:
    doubtful = undeclared(call) or legacy(call) or len(set(sent := names(call))) < len(sent)
    return "A parameter is not declared, or given twice." if doubtful else None


def _being_deleted(call: Call, eni: NetworkInterface) -> Finding:
    return f"The network interface {eni.id} does not exist." if eni.state == "Deleting" else None


OPTIONAL = (
    Guard("parameters_are_declared", 400, "UnsupportedParameter", _doubtful_parameter, also=("InvalidParameter",)),
    Guard("interface_is_not_being_deleted", 404, NO_ENI, _of_interface(_being_deleted)),
)
"""Guards that a service may ask and this one does not; what they refuse is admissible all the same."""


def broken(call: Call) -> set[str]:
    """The guards that would refuse a call."""
    return {guard.name for guard in GUARDS if guard(call) is not None}


def justified(call: Call) -> set[str]:
    """Every code that the page admits as the answer to this call."""
    found: set[str] = set()
    for guard in (*GUARDS, *OPTIONAL):
        refusal = guard(call)
        if refusal is not None:
            found |= {refusal.code, *guard.also}
    return found


# The operation


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
        if refusal is not None and guarded(call, guard.name):
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
        call.cloud.detach(call.eni)
        for touch in hooks.effect:
            touch(call, call.eni)
    return {}
