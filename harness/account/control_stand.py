"""What are the orders of the control protocol tried on? On an instance and an interface that the run keeps afterwards.

They lie in a vSwitch and a security group of the ground, as far as the run made these itself; else in one that is made
for the check. Should `reset` not bring back what was removed, the ground gets a new one in its place.
"""

from __future__ import annotations

from dataclasses import replace

from eni_conformance.harness import ecs
from eni_conformance.harness.account import janitor, marks
from eni_conformance.harness.account.control_orders import ON_GROUP, Stand

NAME = "eni-conformance"
"""Name of the interface: like the plainest of a World, so that it can serve as one."""


def make(session: ecs.Session, ground: ecs.Ground, offered: frozenset[str]) -> Stand | None:
    """An instance and a free interface; None, and nothing is left, if the service does not let them be made."""
    vswitch, group = ground.vswitch_ids[0], ground.security_group_ids[0]
    stand = Stand()
    try:
        if "vswitch.remove" in offered and not session.ledger.owns(vswitch):
            vswitch = ecs.create_vswitch(session, ground)
            stand = replace(stand, own_vswitch=vswitch)
        if offered.intersection(ON_GROUP) and not session.ledger.owns(group):
            group = ecs.create_security_group(session, ground)
            stand = replace(stand, own_group=group)
        stand = replace(stand, vswitch=vswitch, group=group, instance=ecs.create_instance(session, ground))
        eni = ecs.create_eni(session, ground, name=NAME, vswitch_id=vswitch, security_group_id=group)
        return replace(stand, eni=eni)
    except ecs.SetupError:
        remove(session, stand)
        return None


def remove(session: ecs.Session, stand: Stand) -> None:
    """Give back what was made. What does not go in time stays in the ledger."""
    book = session.ledger.book()
    made = [book.owned[name] for name in (stand.eni, stand.instance, stand.own_group, stand.own_vswitch) if name]
    items = [marks.Item(one.kind, one.id, session.run_id, one.at) for one in made if one.id not in book.gone]
    janitor.remove(session, items, seconds=session.patience + session.target.limits.lag_seconds)


def mend(session: ecs.Session, ground: ecs.Ground, stand: Stand) -> ecs.Ground:
    """The ground with a new vSwitch and a new group in place of those that are not described any more.

    Raises SetupError if they cannot be made.
    """
    if stand.vswitch in ground.vswitch_ids and listed(session, "vswitch", stand.vswitch) is False:
        made = ecs.create_vswitch(session, ground)
        ground = replace(ground, vswitch_ids=(made, *ground.vswitch_ids[1:]))
    if stand.group in ground.security_group_ids and listed(session, "security_group", stand.group) is False:
        made = ecs.create_security_group(session, ground)
        ground = replace(ground, security_group_ids=(made, *ground.security_group_ids[1:]))
    return ground


def listed(session: ecs.Session, kind: str, name: str) -> bool | None:
    """Whether a group or vSwitch is described, None if that cannot be told."""
    key = ecs.KINDS[kind].key
    try:
        found = ecs.listed(session, kind, (key, name))
    except ecs.SetupError as error:
        return False if ecs.says_absent(error.code) else None
    return any(entry.get(key) == name for entry in found)
