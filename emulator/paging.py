"""The two ways in which lists are paged: NextToken with MaxResults, and PageNumber with PageSize."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import Fields, Refusal
from eni_conformance.emulator.gateway import decode_token, encode_token
from eni_conformance.emulator.state import Resource

R = TypeVar("R", bound=Resource)


def page(
    call: Call, found: Sequence[R], *, most: int, per_page: int, default: int = 10, least: int = 10
) -> tuple[Sequence[R], Fields]:
    """The part of a list that a call asks for, oldest first, and the fields that go with it.

    `least` and `most` bound MaxResults (values outside are moved in), `per_page` bounds PageSize.
    Refuses a NextToken that was never issued with InvalidParameter.
    """
    for choose in call.cloud.behaviour.hooks.listed:
        found = cast("list[R]", choose(call, list(found)))
    rows = sorted(found, key=lambda resource: resource.seq)
    limit = call.cloud.behaviour.page_limit
    if call.get("NextToken") or call.get("MaxResults"):
        size = call.number("MaxResults", default, least, most)
        size = min(size, limit) if limit else size
        after = decode_token(call.get("NextToken")) if call.get("NextToken") else 0
        if after is None:
            raise Refusal(400, "InvalidParameter", "The NextToken is not valid.")
        rows = [resource for resource in rows if resource.seq > after]
        more = rows[:size]
        token = encode_token(more[-1].seq) if len(rows) > size else ""
        return more, {"TotalCount": len(found), "NextToken": token, "MaxResults": size}
    size = call.number("PageSize", default, 1, per_page)
    size = min(size, limit) if limit else size
    number = call.number("PageNumber", 1, 1, 1_000_000)
    start = (number - 1) * size
    return rows[start : start + size], {"TotalCount": len(found), "PageNumber": number, "PageSize": size}
