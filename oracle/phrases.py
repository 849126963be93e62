"""The words of the sentences: one for each rule, choice, probe, effect, view and shape. Data, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eni_conformance.contract import rows


@dataclass(frozen=True)
class Words:
    """A rule in words. holds: what is so when it is kept, a sentence without its full stop. broken: what a call is like
    that breaks it, to stand after "a call"."""

    holds: str
    broken: str


def _identifier(prefix: str, name: str, thing: str) -> dict[str, Words]:
    return {
        f"{prefix} given": Words(f"{name} is given", f"without {name}"),
        f"{prefix} not empty": Words(f"{name} is not empty", f"with an empty {name}"),
        f"{prefix} well-formed": Words(f"{name} is well-formed", f"with a malformed {name}"),
        f"{thing} exists": Words(f"the {thing} exists", f"that names {_a(thing)} which does not exist"),
    }


def _a(thing: str) -> str:
    return f"an {thing}" if thing[0] in "aeiou" else f"a {thing}"


RULES: Mapping[str, Words] = {
    "caller type is supported": Words(
        "the operation serves the caller's type of account", "from an account of a type that the operation refuses"
    ),
    "caller's account and key are valid": Words(
        "the caller's account exists and its key is valid", "from an account that does not exist or whose key expired"
    ),
    "RAM user kind is supported": Words(
        "the operation serves this kind of RAM user", "from a RAM user of a kind that the operation refuses"
    ),
    "RAM user is authorised": Words("the RAM user has the permission", "from a RAM user without the permission"),
    "caller owns the resources": Words(
        "the instance and the interface belong to the caller", "for an instance and an interface of another tenant"
    ),
    **_identifier("region", "RegionId", "region"),
    "region holds the resources": Words(
        "the resources are in the region that the call names", "for a region in which the named resources are not"
    ),
    "region offers the operation": Words("the region offers the operation", "in a region without the operation"),
    **_identifier("instance id", "InstanceId", "instance"),
    **_identifier("interface id", "NetworkInterfaceId", "interface"),
    "text is readable": Words("the parameters are readable text", "with a parameter that is no readable text"),
    "instance Running or Stopped": Words(
        "the instance is Running or Stopped", "for an instance that is neither Running nor Stopped"
    ),
    "instance within its interface limit": Words(
        "the instance has no more interfaces than its type allows",
        "for an instance with more interfaces than its type allows",
    ),
    "interface not primary": Words("the interface is not the primary one", "for a primary interface"),
    "interface type supported": Words(
        "the operation serves this type of interface", "for an interface of a type that the operation refuses"
    ),
    "interface gone or Deleting": Words("the interface is not being deleted", "for an interface that is being deleted"),
    "interface InUse or Detaching": Words(
        "the interface is InUse or Detaching", "for an interface that is neither InUse nor Detaching"
    ),
    "interface on this instance": Words(
        "the interface is on the instance that the call names", "for an interface that is not on the named instance"
    ),
    "vSwitch exists": Words("the vSwitch of the interface exists", "for an interface whose vSwitch no longer exists"),
    "security group exists": Words(
        "the security group of the interface exists", "for an interface whose security group no longer exists"
    ),
    "zones match": Words(
        "interface and instance are in the same zone", "for an interface in another zone than its instance"
    ),
    "VPCs match": Words(
        "interface and security group are in the same VPC", "for an interface in another VPC than its security group"
    ),
    "security group within its limit": Words(
        "the security group is within its limit of instances", "for an interface whose security group is over its limit"
    ),
    "security group of VPC type": Words(
        "the security group is of VPC type", "for an interface whose security group is not of VPC type"
    ),
    "parameter supported": Words(
        "the endpoint supports every parameter", "with a parameter that the endpoint does not support"
    ),
}
"""Rule of the page -> its words."""

CALLERS: Mapping[str, str] = {
    "account": "the owner of the resources",
    "ram_denied": "a RAM user without the permission",
    "ram_unsupported": "a RAM user of a kind that the operation refuses",
    "expired": "an account that does not exist, or an expired key",
    "unsupported_user_type": "an account of a type that the operation refuses",
    "other_account": "another tenant, who owns neither",
}
"""Caller of the target file -> who that is."""

CHOICES: Mapping[str, str] = {
    "repeated parameter": "that gives a parameter twice",
    "undeclared parameter": "with a parameter that nobody declares",
    "older owner parameter": "with an older parameter for the owner",
    "trunk parameter": "with a trunk interface",
    "odd owner parameter": "with an owner that is not the caller",
}
"""What the page leaves to the endpoint -> what the call is like, to stand after "a call"."""

IMPLIES: Mapping[str, tuple[str, ...]] = {"caller owns the resources": ("instance exists", "interface exists")}
"""Rule -> rules that are broken with it, and need not be told beside it."""

OUTCOMES: Mapping[str, str] = {
    "": "The endpoint carried out a call and sent no answer to it.",
    "timeout": "The endpoint gave no answer in the time it had.",
    "reset": "The endpoint ended the connection before a whole answer.",
    "refused": "The endpoint accepted no connection.",
    "tls": "The endpoint did not agree on an encrypted connection.",
    "unreadable": "The endpoint sent something that is not valid HTTP.",
}
"""How an exchange ended -> what the endpoint did."""

SHAPES: Mapping[str, str] = {
    rows.REQUEST_ID: "Every answer should carry a RequestId, an upper-case UUID.",
    rows.JSON_SUCCESS: "An answer in JSON should be a valid object, and a success carry a RequestId and no error.",
    rows.XML_SUCCESS: "An answer in XML should be well-formed, and a success a DetachNetworkInterfaceResponse.",
    rows.ENVELOPE: "A refusal should carry RequestId, HostId, Code and Message.",
    rows.CONTENT_TYPE: "Content type and encoding should be those of the format that was asked for.",
    rows.MESSAGE: "Message should be a text for people: filled in, and without internals of the endpoint.",
    rows.REQUEST_ID_HEADER: "The header x-acs-request-id, where it is sent, should equal the RequestId.",
}
"""Requirement on the shape of answers -> what is right."""

THINGS: Mapping[str, str] = {
    "interface": "an interface",
    "primary": "the primary interface",
    "instance": "an instance",
}

EVENTS: Mapping[str, str] = {
    "was detached": "was detached",
    "was attached": "was attached to an instance",
    "moved": "moved to another instance",
    "belongs to two instances": "came to belong to two instances",
    "other interface of instance": "came to list other interfaces than are attached to it",
    "entry of instance": "came to show its other interfaces differently",
    "appeared": "appeared that nobody had created",
    "was deleted": "was deleted",
    "became None": "lost its status",
    "shows another Attachment": "came to show another attachment",
}
"""What happened to a resource -> the words for it, to stand after "an interface"."""

FIELDS: Mapping[str, str] = {
    "Status": "its status",
    "Type": "its type",
    "Tags": "its tags",
    "MacAddress": "its MAC address",
    "PrivateIpAddress": "its primary private address",
    "PrivateIpSets": "its private addresses",
    "Ipv6Sets": "its IPv6 addresses",
    "Ipv4PrefixSets": "its IPv4 prefixes",
    "Ipv6PrefixSets": "its IPv6 prefixes",
    "SecurityGroupIds": "its security groups",
    "NetworkInterfaceName": "its name",
    "InstanceName": "its name",
    "HostName": "its host name",
    "Description": "its description",
    "VpcId": "its VPC",
    "VSwitchId": "its vSwitch",
    "ZoneId": "its zone",
    "RegionId": "its region",
    "CreationTime": "its creation time",
    "StartTime": "its start time",
    "ExpiredTime": "its expiry",
    "DeleteOnRelease": "whether it is deleted with its instance",
    "OwnerId": "its owner",
    "ServiceManaged": "whether a service manages it",
    "ResourceGroupId": "its resource group",
    "InstanceType": "its instance type",
    "ImageId": "its image",
    "KeyPairName": "its key pair",
    "DeletionProtection": "its protection against deletion",
    "InstanceChargeType": "how it is paid for",
    "SpotStrategy": "its spot strategy",
    "NetworkInterfaces": "its list of interfaces",
    "VpcAttributes.VpcId": "its VPC",
    "VpcAttributes.VSwitchId": "its vSwitch",
    "VpcAttributes.PrivateIpAddress": "its private addresses",
    "VpcAttributes.PrivateIpAddress.IpAddress": "its private addresses",
}
"""Documented field -> the words for it."""

ENDS: Mapping[str, str] = {
    "gone": "The interface was deleted by its detach",
    "link on interface": "After its detach the interface still shows the instance that it was on",
    "link on instance": "After the detach the instance still lists the interface",
    "": "After its detach the interface shows no status",
    "Detaching": "Long after its detach the interface is still Detaching",
    "InUse": "The detach was accepted, and the interface is still attached",
}
"""How a detach ended -> what the endpoint did."""

BY: Mapping[str, str] = {
    rows.OWN_KEPT: "By its own detach",
    rows.INSTANCE_KEPT: "By the detach of one of its interfaces",
    rows.OTHERS_KEPT: "By the detach of another interface",
}
"""Requirement -> how the change came about."""

KEPT: Mapping[str, str] = {
    rows.BECOMES_AVAILABLE: "After a success the interface should become Available, by way of Detaching only.",
    rows.LINK_GONE: "After a success the link should be gone on both sides: at the interface and at the instance.",
    rows.OWN_KEPT: "A detach should keep everything else of the interface: addresses, security groups, tags, name.",
    rows.OTHERS_KEPT: "A detach should leave all other interfaces and instances as they are.",
    rows.INSTANCE_KEPT: "A detach should keep the instance's own status and attributes.",
    rows.STAYS_AVAILABLE: "A detached interface should stay Available, and what is at rest should stay as it is.",
    rows.REFUSAL_CHANGES_NOTHING: "A call that is refused should change nothing.",
}
"""Requirement on effects -> what is right."""

VIEWS: Mapping[str, str] = {
    "instance": "The list of the interfaces of an instance",
    "pages": "The list of interfaces, page by page,",
    "attribute": "The description of a single interface",
    "status": "The list of interfaces by status",
    "type": "The list of interfaces by type",
    "tag": "The list of interfaces by tag",
    "nothing": "A filter that matches nothing",
    "list": "The list of all interfaces",
    "sides": "The description of an instance",
}
"""Way to describe -> the words for it."""

FORMS: Mapping[str, str] = {
    rows.METHODS_ALIKE: "by another method, or with its parameters in another place",
    rows.FORMATS_ALIKE: "asking for another format",
    rows.SCHEMES_ALIKE: "with another kind of signature",
    rows.ORDER_ALIKE: "with its parameters in another order, or over another connection",
    rows.SAME_ANSWER: "about other resources",
}
"""Requirement on wire forms -> in what two calls differed, to stand after "as it was sent"."""

DISAGREEMENTS: Mapping[str, str] = {
    "fails": "fails",
    rows.LINK_GONE: "still shows a detached interface as attached",
    rows.VIEWS_AGREE: "does not show the same as the description by id",
    "hidden": "leaves out an interface that shows that it is attached there",
    "MacAddress": "shows another MAC address than the interface itself",
    "PrivateIpAddress": "shows another private address than the interface itself",
    "Type": "shows another type than the interface itself",
}
"""What is wrong with a view -> the words for it."""

PROBES: Mapping[str, str] = {
    "signature with one character changed": "a call with one character of its signature changed",
    "signature truncated": "a call with half a signature",
    "signature without its last characters": "a call whose signature lacks its last characters",
    "signature extended": "a call whose signature has characters added",
    "signature in the other case": "a call whose signature is in the other case",
    "signature of zeros": "a call whose signature is all zeros",
    "signature empty": "a call with an empty signature",
    "signature missing": "a call without a signature",
    "signed for the other method": "a call that was signed for another method",
    "parameter added after signing": "a call with a parameter added after signing",
    "interface id changed after signing": "a call whose interface was changed after signing",
    "body changed after signing": "a call whose body was changed after signing",
    "action header changed after signing": "a call whose action header was changed after signing",
    "date header changed after signing": "a call whose date header was changed after signing",
    "nonce header changed after signing": "a call whose nonce header was changed after signing",
    "action header not signed": "a call whose signature does not cover the action header",
    "version header not signed": "a call whose signature does not cover the version header",
    "nonce header not signed": "a call whose signature does not cover the nonce header",
    "date header not signed": "a call whose signature does not cover the date header",
    "body hash not signed": "a call whose signature does not cover the hash of the body",
    "form body not signed": "a call whose signature does not cover the form body",
    "body hash of another body": "a call that carries the hash of another body",
    "sent twice, byte for byte": "the same signed call a second time, byte for byte",
    "sent again after other calls": "the same signed call again, after other calls",
    "nonce with another timestamp": "a second call with a nonce that was used, and another time",
    "nonce with the other method": "a second call with a nonce that was used, by another method",
    "nonce on a fresh connection": "a second call with a nonce that was used, on a fresh connection",
    "two hours old": "a call that was signed two hours ago",
    "forty minutes old": "a call that was signed forty minutes ago",
    "a day old": "a call that was signed a day ago",
    "years old": "a call that was signed years ago",
    "two hours ahead": "a call with a time two hours ahead",
    "a day ahead": "a call with a time a day ahead",
    "time that is no time": "a call whose time is no time",
    "time as a number": "a call whose time is a plain number",
    "unknown AccessKeyId": "a call with an AccessKeyId that nobody has",
    "AccessKeyId of one letter": "a call with an AccessKeyId of one letter",
    "unknown Action": "a call of an operation that does not exist",
    "unknown Action, nearly right": "a call of an operation that does not exist, nearly of the right name",
    "Action in lower case": "a call whose Action is in lower case",
    "unknown Version": "a call of a version that does not exist",
    "Version of the future": "a call of a version of the future",
    "no AccessKeyId": "a call without an AccessKeyId",
    "no SignatureNonce": "a call without a nonce",
    "no Timestamp": "a call without a time",
    "no Version": "a call without a Version",
    "no Action": "a call without an Action",
    "unknown SignatureMethod": "a call with a signature method that does not exist",
    "ten minutes old": "a correctly signed call that is ten minutes old",
    "ten minutes ahead": "a correctly signed call that is ten minutes ahead",
    "empty public parameter": "a correctly signed call with an empty public parameter",
    "further signed header": "a correctly signed call with one more signed header",
}
"""Probe of the gateway -> the call that it sends."""
