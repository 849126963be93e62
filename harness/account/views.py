"""Does each view and each filter that a run will use answer? Asked about what does not exist, so that nothing is shown.

A run tells a view that fails, is refused or ignores its filter; here it is told before.
"""

from __future__ import annotations

from collections.abc import Mapping

from eni_conformance.harness.account.ledger import RUN_TAG
from eni_conformance.harness.account.question import Check, ask, seen_of, unknown_id
from eni_conformance.harness.account.survey import NOT_OFFERED
from eni_conformance.harness.codec import code_of, decode, header, listing
from eni_conformance.harness.target import Target
from eni_conformance.harness.values import Exchange, Pair
from eni_conformance.harness.wire.client import Client

INTERFACES = ("NetworkInterfaceSets", "NetworkInterfaceSet")


def questions() -> Mapping[str, list[Pair]]:
    """Of DescribeNetworkInterfaces: each filter of a run by its name, so that nothing can pass it."""
    nobody: Pair = ("NetworkInterfaceId.1", unknown_id("eni-"))
    return {
        "NetworkInterfaceId": [nobody],
        "InstanceId": [("InstanceId", unknown_id("i-"))],
        "Status": [nobody, ("Status", "Available")],
        "Type": [nobody, ("Type", "Secondary")],
        "Tag": [("Tag.1.Key", RUN_TAG), ("Tag.1.Value", "nobody")],
    }


def views(target: Target, client: Client) -> list[Check]:
    """Each filter of the interfaces' list, the view by attribute, and the list of instances by id."""
    region: Pair = ("RegionId", target.region)
    wrong: list[str] = []
    for name, pairs in questions().items():
        got = ask(target, client, "DescribeNetworkInterfaces", [region, *pairs])
        if why := _wrong(got, *INTERFACES):
            wrong.append(f"filter {name}: {why}")
    got = ask(target, client, "DescribeInstances", [region, ("InstanceIds", f'["{unknown_id("i-")}"]')])
    if why := _wrong(got, "Instances", "Instance"):
        wrong.append(f"InstanceIds of DescribeInstances: {why}")
    eni: Pair = ("NetworkInterfaceId", unknown_id("eni-"))
    got = ask(target, client, "DescribeNetworkInterfaceAttribute", [region, eni])
    if got.outcome != "answered" or got.status >= 500 or code_of(got).startswith(NOT_OFFERED):
        wrong.append(f"DescribeNetworkInterfaceAttribute: {seen_of(got)}")
    if wrong:
        return [Check("views", "warning", "; ".join(wrong), "what fails is told by a run; M05 and F03 stay undecided")]
    seen = f"{len(questions()) + 2} views and filters answer"
    shown = listing(decode(ask(target, client, "DescribeNetworkInterfaces", [region])), *INTERFACES)
    if not shown:  # then a filter that is passed over shows nothing either
        seen += "; whether filters leave anything out is not to be seen while the account has no interface"
    return [Check("views", "ok", seen)]


def _wrong(got: Exchange, *path: str) -> str:
    """What is wrong with the answer to a question that nothing passes, "" if nothing is."""
    if got.outcome != "answered" or got.status >= 500:
        return seen_of(got)
    if got.status >= 300:
        return f"refused: {seen_of(got)}"
    shown = listing(decode(got), *path)
    return f"ignored: {len(shown)} are shown that it leaves out" if shown else ""


def kept_alive(target: Target, client: Client) -> Check:
    """For how long a connection is kept between two calls, as far as answers say so."""
    got = ask(target, client, "DescribeRegions", [])
    told, closed = header(got.headers, "keep-alive"), header(got.headers, "connection").lower() == "close"
    seen = "closed after each answer" if closed else f"kept ({told})" if told else "kept; for how long is not told"
    return Check("connections", "ok", seen)
