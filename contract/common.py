"""What real services answer besides the page: the common table and the passing table, and nothing else.

The page lists 24 codes. Before the operation is asked, the gateway and the account system speak, in codes of their
own; and sibling pages spell some of the page's codes otherwise. Such an answer is admissible where its row fits, and
the requirement then conforms "by the common table". The passing table holds what may come once and be gone.
Each row names its source and when it was last seen. `--strict` leaves the common table out.
This file knows nothing of HTTP libraries, of targets or of tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

OWNED = ("instance exists", "caller owns the resources", "region holds the resources")
"""Preconditions that are broken where the caller sees no such instance."""


@dataclass(frozen=True)
class Common:
    """An answer of the gateway, the account system or a sibling page.

    fits: the preconditions whose breach it answers. seen: year and month when it was last seen or documented. twin: the
    row of the page that it is another spelling of; where that is admissible besides, it is evidence for that one.
    """

    http: tuple[int, ...]
    code: str
    fits: tuple[str, ...]
    source: str
    seen: str
    twin: str = ""


@dataclass(frozen=True)
class Passing:
    """An answer that may come once and be gone. `code` "": any body without a readable code (a page of a proxy).

    valid: it says something of the resource's state, so it is passing only where the call is in order.
    """

    http: tuple[int, ...]
    code: str
    source: str
    seen: str
    valid: bool = False


_KEY = ("caller's account and key are valid",)
_RAM = ("RAM user is authorised", "RAM user kind is supported")
_NO_REGION = ("region exists", "region well-formed", "region not empty", "region given")
_REGION = (*_NO_REGION, "region holds the resources")
_INSTANCE = (*OWNED, "instance id well-formed", "instance id not empty", "text is readable")
_NOWHERE = (*_NO_REGION, *_KEY, "caller type is supported", "RAM user kind is supported")
"""Where nothing is found: in no region, and by callers who may own nothing. The page's own spelling fits there, too."""
_SHAPE = ("instance id well-formed", "instance id not empty", "text is readable")
_ENI_SHAPE = ("interface id well-formed", "interface id not empty", "text is readable")
_UNLINKED = ("interface on this instance", "interface InUse or Detaching", "interface gone or Deleting")
_GIVEN = tuple(f"{what} {how}" for what in ("region", "instance id", "interface id") for how in ("given", "not empty"))

COMMON: tuple[Common, ...] = (
    Common((403, 400), "Forbidden.RAM", _RAM, "answers of ECS and its siblings to RAM users", "2026-11"),
    Common((403,), "NoPermission", _RAM, "vendor's pages of RAM; clients' lists", "2026-11"),
    Common((403,), "Forbidden.Unauthorized", _RAM, "vendor's page of common errors", "2021-01"),
    Common((403,), "Forbidden.InstanceNotFound", (*OWNED, *_RAM), "answers of ECS to RAM users and tenants", "2026-11"),
    Common((404, 400), "InvalidAccessKeyId.NotFound", _KEY, "answers of the gateway", "2026-11"),
    Common((400, 403), "InvalidAccessKeyId.Inactive", _KEY, "vendor's answer to a question; clients' lists", "2026-11"),
    Common((403, 400), "Forbidden.AccessKeyDisabled", _KEY, "vendor's page of common errors", "2021-01"),
    Common((404, 400), "InvalidAccessKeyId", _KEY, "vendor's page of common errors", "2021-01"),
    Common((404, 400), "InvalidRegionId.NotFound", _REGION, "answer of ECS to an unknown region", "2026-11"),
    Common((404, 400), "InvalidRegionId.Malformed", _REGION, "sibling pages", "2024-12"),
    Common((400, 404), "InvalidRegionId.MalFormed", _REGION, "page of DescribeNetworkInterfaces", "2024-12"),
    Common((400, 403), "Forbidden.RegionId", _REGION, "the page's own row, for regions that are not open", "2024-12"),
    Common(
        (403, 404), "InvalidInstanceId.NotFound", (*_INSTANCE, *_NOWHERE), "later page (403); sibling pages (404)",
        "2026-11", "E13",
    ),
    Common((400,), "InvalidInstanceId.Malformed", _SHAPE, "sibling pages; clients' lists", "2026-11"),
    Common((400,), "InvalidInstanceId.MalFormed", _SHAPE, "sibling pages", "2024-12"),
    Common((400,), "InvalidEniId.Malformed", _ENI_SHAPE, "page of UnassignPrivateIpAddresses", "2024-12"),
    Common((400, 403), "InvalidParameter.EniNotBelongEcs", _UNLINKED, "later page", "2024-12"),
    Common((400,), "Invalid.Param", _GIVEN, "answer of ECS to a missing parameter", "2019-06"),
)  # fmt: skip

_CLIENTS = "retry lists of Terraform, terway and the SDKs"
PASSING: tuple[Passing, ...] = (
    Passing((400, 403, 409), "OperationConflict", _CLIENTS, "2026-11"),
    Passing((400, 403, 409), "Operation.Conflict", _CLIENTS, "2026-11"),
    Passing((400, 403, 409), "InvalidOperation.Conflict", _CLIENTS, "2026-11"),
    Passing((400, 403, 409), "TaskConflict", "vendor's page of VPC errors", "2024-12"),
    Passing((400, 409), "LastTokenProcessing", _CLIENTS, "2026-11"),
    Passing((400, 409), "IdempotentProcessing", _CLIENTS, "2026-11"),
    Passing((400, 500, 503), "UnknownError", "answer of ECS, with status 400", "2026-11"),
    Passing((500, 503), "InternalError", "later page; retry lists of clients", "2026-11"),
    Passing((500, 503), "ServiceUnavailable", "vendor's page of common errors", "2026-11"),
    Passing((500, 504), "RequestTimeout", "vendor's page of common errors", "2026-11"),
    Passing((500, 502, 503, 504), "", "pages of the web server in front", "2026-11"),
    Passing((400, 403), "InvalidOperation.InvalidEcsState", _CLIENTS, "2026-11", valid=True),
    Passing((400, 403), "InvalidOperation.InvalidEniState", _CLIENTS, "2026-11", valid=True),
    Passing((400, 403), "InvalidOperation.InvalidEniType", _CLIENTS, "2026-11", valid=True),
)  # fmt: skip


def answers_to(precondition: str) -> Iterator[Common]:
    """The rows of the common table that fit when this precondition is broken."""
    return (row for row in COMMON if precondition in row.fits)


def passing(status: int, code: str, *, valid: bool) -> Passing | None:
    """The row of the passing table that an answer belongs to, None if it is none of them.

    code: "?" where none can be read. valid: whether nothing that the call breaks is known.
    """
    shown = "" if code == "?" else code
    for row in PASSING:
        if row.code == shown and status in row.http and (valid or not row.valid):
            return row
    return None


def is_full(code: str) -> bool:
    """Whether a code says that an instance takes no more interfaces."""
    return "Limit" in code and not code.startswith(("RequestLimit", "Throttling"))
