"""Which instance type would be used, is it in stock, what does it cost, and do limits and quotas suffice?"""

from __future__ import annotations

from collections.abc import Mapping

from eni_conformance.harness import ecs
from eni_conformance.harness.account.question import Check, looking
from eni_conformance.harness.codec import decode, listing
from eni_conformance.harness.target import Target
from eni_conformance.harness.values import Pair
from eni_conformance.harness.wire.client import Client


def stock(target: Target, client: Client) -> list[Check]:
    """Which instance type would be used, is it in stock, what does it cost, and do the limits suffice?"""
    notes: list[str] = []
    session = looking(target, client)
    try:
        zones = ecs.find_zones(session, notes)
        choice = ecs.find_instance_type(session, zones, notes)
        holds = f"{choice.enis} interfaces{' (assumed)' if choice.assumed else ''}"
        checks = [
            Check(
                "instance type",
                "warning" if notes else "ok",
                f"{choice.name}, {holds}, in {', '.join(choice.zones[:3])}; "
                f"{price(session, choice.name)}" + "".join(f"; {note}" for note in notes),
                "name one under setup.instance_type" if notes else "",
            )
        ]
        if len(choice.zones) < 2:
            checks.append(Check("second zone", "warning", "no second zone has it", "rows about zones are not tried"))
        try:
            checks += quotas(session, len(ecs.describe_enis(session)))
        except ecs.SetupError as error:
            checks.append(Check("interfaces in use", "unknown", str(error)[:200]))
    finally:
        session.ledger.close()
    if target.limits.instances < 2:
        checks.append(
            Check("limits", "warning", "one instance", "limits.instances = 2 lets the wrong-instance cases be tried")
        )
    return checks


def quotas(session: ecs.Session, used: int) -> list[Check]:
    """Does what a run may use fit into the account's quotas? used: interfaces in the region, of whomever.

    An endpoint that does not tell its quotas is taken to have the service's default of interfaces.
    """
    told = account_quotas(session)
    most = told.get("max-elastic-network-interfaces")
    wanted = session.target.limits.network_interfaces
    seen = f"{used} of {most}" if most is not None else f"{used}, by whoever; the quota is not told (by default 100)"
    full = used + wanted > (100 if most is None else most)
    checks = [
        Check(
            "interfaces in use",
            "warning" if full else "ok",
            f"{seen} in the region",
            f"limits.network_interfaces = {wanted} may not fit: raise the quota or lower it" if full else "",
        )
    ]
    cores, busy = (told.get(f"{which}-postpaid-instance-vcpu-count") for which in ("max", "used"))
    if cores is not None and busy is not None:
        none = busy >= cores
        advice = "no pay-as-you-go instance can be created: raise the quota" if none else ""
        checks.append(Check("vCPUs in use", "problem" if none else "ok", f"{busy} of {cores}, pay-as-you-go", advice))
    return checks


QUOTAS = (
    "max-elastic-network-interfaces",
    "max-postpaid-instance-vcpu-count",
    "used-postpaid-instance-vcpu-count",
)
"""Attributes of an account that limit a run (vendor's page of DescribeAccountAttributes)."""


def account_quotas(session: ecs.Session) -> dict[str, int]:
    """The account's quotas by the names of the service; those that are not told are left out."""
    pairs: list[Pair] = [session.region]
    pairs += [(f"AttributeName.{n}", name) for n, name in enumerate(QUOTAS, 1)]
    found: dict[str, int] = {}
    answer = decode(ecs.send(session, "DescribeAccountAttributes", pairs))
    for item in listing(answer, "AccountAttributeItems", "AccountAttributeItem"):
        values = listing(item.get("AttributeValues"), "ValueItem") if isinstance(item, Mapping) else []
        for value in values:
            text = str(value.get("Value", "")) if isinstance(value, Mapping) else ""
            if text.isascii() and text.isdigit():
                found[str(item.get("AttributeName"))] = int(text)
    return found


def price(session: ecs.Session, instance_type: str) -> str:
    """What an hour of the instance type costs, in words; an estimate if the endpoint does not say."""
    asked = price_per_hour(session, instance_type)
    return f"{asked[0]:.2f} {asked[1]} an hour" if asked else "price not told, of the order of 0.5 CNY an hour"


def price_per_hour(session: ecs.Session, instance_type: str) -> tuple[float, str] | None:
    """DescribePrice for one pay-as-you-go instance: amount and currency; None if the endpoint does not say."""
    got = ecs.send(
        session,
        "DescribePrice",
        [
            session.region,
            ("ResourceType", "instance"),
            ("InstanceType", instance_type),
            ("PriceUnit", "Hour"),
            ("SystemDisk.Category", "cloud_essd"),
            ("SystemDisk.Size", "20"),
        ],
    )
    info = (decode(got) or {}).get("PriceInfo") if ecs.succeeded(got) else None
    told = info.get("Price") if isinstance(info, Mapping) else None
    if not isinstance(told, Mapping):
        return None
    try:
        return float(told["TradePrice"]), str(told.get("Currency", "CNY"))
    except (KeyError, TypeError, ValueError):
        return None


def price_here(target: Target, client: Client) -> tuple[float, str] | None:
    """The price of an hour of the instance type that a run would use; None if the endpoint does not say."""
    session = looking(target, client)
    try:
        notes: list[str] = []
        choice = ecs.find_instance_type(session, ecs.find_zones(session, notes), notes)
        return price_per_hour(session, choice.name)
    except ecs.SetupError:
        return None
    finally:
        session.ledger.close()
