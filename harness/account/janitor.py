"""Giving back what a run created: all of it, nothing else.

What belongs to a run is what its ledger names, and what carries all of its marks: the tag with the run's id,
the tag with the time of creation, and, where the service tells when a resource was created, a time that
agrees with that tag. A tag that was copied to a standing machine later does not agree, so the machine is
left alone and reported. Removal goes in the order in which things depend on each other, repeats what is
refused for the moment, and may be run any number of times.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import json
import re
import sys
import tempfile
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eni_conformance.contract import codec
from eni_conformance.contract.detach import OPS, OWNER
from eni_conformance.harness import control, ecs
from eni_conformance.harness.account.book import Book
from eni_conformance.harness.account.ledger import Ledger, common_folder, in_turn, is_alive, valid_run_id
from eni_conformance.harness.account.ledger import read as read_ledgers
from eni_conformance.harness.account.marks import Item, Left, tagged
from eni_conformance.harness.account.survey import survey
from eni_conformance.harness.bench import look
from eni_conformance.harness.codec import code_of
from eni_conformance.harness.target import Target, TargetError, abroad, load_target
from eni_conformance.harness.values import Pair
from eni_conformance.harness.wire.client import Client

OTHERS_AGE = 2 * 3600
"""Seconds that a run of which only tags are known is left alone on a real account, unless told otherwise."""

REFUSABLE = OWNER
"""Parameters that a test may have had refused."""

ORDER = tuple(ecs.KINDS)

NO_SUCH_OPERATION = ("InvalidAction", "InvalidApi")
"""How the code begins where an endpoint has no operation of that name. Behind a network such an answer may pass."""


@dataclass(frozen=True)
class Cleaning:
    """What was done about one run."""

    run_id: str
    removed: tuple[Item, ...] = ()
    left: tuple[Left, ...] = ()
    kept: tuple[Left, ...] = ()
    dry_run: bool = False


# --- removing ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Doomed:
    """A resource that is to go. why: its last refusal, "" if there is none. accepted: a deletion of it was, and is not
    asked for again before `again_at` (monotonic seconds). detach_at: the same of its detach. pause: seconds between
    the last two times of asking. hopeless: the endpoint has no operation that removes it."""

    item: Item
    why: str = ""
    accepted: bool = False
    again_at: float = 0.0
    detach_at: float = 0.0
    pause: float = look.DELETE_AGAIN / 2
    hopeless: bool = False


@dataclass(frozen=True)
class _Work:
    """A removal under way, whose lists change. patient_until: monotonic time until which an instance waits for its
    interfaces. orphans: primary interfaces of instances that are gone, still to be looked for. hosts: instances with
    which interfaces may have come that the ledger awaits, still to be asked."""

    session: ecs.Session
    patient_until: float
    todo: dict[str, _Doomed]
    orphans: set[str]
    hosts: set[str]
    removed: list[Item] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Item]:
        return [one.item for one in self.todo.values() if one.item.kind in kinds]

    def over(self) -> bool:
        """Whether nothing is left that can go: what stands on something goes after it."""
        for kinds in (("eni", "instance"), ("security_group", "vswitch"), ("vpc",)):
            if left := [one for one in self.todo.values() if one.item.kind in kinds]:
                return not self.orphans and all(one.hopeless for one in left)
        return not self.orphans

    def note(self, identifier: str, why: str) -> None:
        self.todo[identifier] = replace(self.todo[identifier], why=why)

    def done(self, identifier: str) -> None:
        one = self.todo.pop(identifier, None)
        if one is not None:
            self.removed.append(one.item)
            self.session.ledger.gone(identifier)
            if one.item.kind == "instance":
                self.orphans.update(orphans(self.session.ledger.book(), {identifier}))


def orphans(book: Book, hosts: Container[str]) -> set[str]:
    """Primary interfaces that these instances were made with, unless they are ours in their own right."""
    return {eni for eni, host in book.brought.items() if host in hosts and eni not in book.owned}


def _take_orphans(work: _Work) -> None:
    """An endpoint that wrongly detaches a primary interface leaves it behind when its instance goes: it is ours, too.

    Only what is shown free, in a vSwitch that this run made, is taken."""
    wanted = sorted(work.orphans)
    shown = ecs.describe_enis(work.session, ids=wanted) if wanted else []
    work.orphans.clear()
    for entry in shown:
        identifier = str(entry.get("NetworkInterfaceId") or "")
        free = entry.get("Status") == "Available" and not entry.get("InstanceId")
        ours = work.session.ledger.owns(str(entry.get("VSwitchId") or ""))
        if identifier in wanted and free and ours:
            work.session.ledger.adopt("eni", identifier)
            work.todo[identifier] = _Doomed(Item("eni", identifier, work.session.run_id))


def _take_born(work: _Work) -> None:
    """An interface that was asked for with its instance is ours, although its id never reached the ledger: what hangs
    on that instance. It is asked before the instance goes, or the interface might stay behind."""
    for host in sorted(work.hosts):
        for eni in ecs.secondaries(work.session, host):
            if eni not in work.todo:
                work.session.ledger.adopt("eni", eni)
                work.todo[eni] = _Doomed(Item("eni", eni, work.session.run_id))
        work.hosts.discard(host)


def remove(
    session: ecs.Session, items: Iterable[Item], *, seconds: float | None = None
) -> tuple[list[Item], list[Left]]:
    """Remove resources of this run, each of which must be in the ledger. Returns what went and what did not.

    seconds: how long to try in all; by default what two transitions may take.
    """
    clock = session.client.clock
    longest = 2 * session.target.limits.settle_seconds + look.TEARDOWN if seconds is None else seconds
    todo = {item.id: _Doomed(item) for item in items}
    for identifier in todo:
        session.ledger.check(identifier)
    book = session.ledger.book()
    work = _Work(
        session,
        clock.monotonic() + longest / 4,
        todo,
        orphans(book, book.gone),
        book.asked_for_after(ecs.BORN, ecs.WAYS) & set(todo),
    )
    _undo_control(work)
    waits = ecs.pauses(session)

    def nothing_left() -> bool:
        nonlocal waits
        try:
            _take_born(work)
            _take_orphans(work)
            if _round(work):
                waits = ecs.pauses(session)
        except ecs.SetupError as error:
            for identifier in work.todo:
                work.note(identifier, str(error)[:200])
        return work.over()

    look.look_until(nothing_left, bool, longest, clock=clock, pauses=(next(waits) for _ in itertools.count()))
    left = [Left(one.item, one.why or "was not gone in time") for one in work.todo.values()]
    return work.removed, left


def _undo_control(work: _Work) -> None:
    """Undo what control calls may have left: held transitions, forced states, removed vSwitches, refusals."""
    target = work.session.target
    if not target.control_url:
        return
    offered = control.capabilities(target)
    for op in ("release", "reset"):
        for identifier in work.todo if op in offered else ():
            control.order(target, {"op": op, "id": identifier})
    names: dict[str, tuple[str, ...]] = {"region": (target.region,), "parameter": REFUSABLE}
    everywhere = [row.taken_back(name) for op, row in OPS.items() if op in offered for name in names.get(row.on, ())]
    if everywhere:
        there, patience = common_folder(ecs.reach(target)), work.session.patience
        with in_turn(there, exclusive=True, seconds=patience):  # another run may have given such an order itself
            for one in everywhere:
                control.order(target, one)


def _round(work: _Work) -> bool:
    """One attempt at everything that nothing else depends on any more. Returns whether something went."""
    before = len(work.removed)
    eni_ids, instance_ids = ([item.id for item in work.of(kind)] for kind in ("eni", "instance"))
    enis = _shown(work, "eni", ecs.describe_enis(work.session, ids=eni_ids) if eni_ids else [])
    hosts = ecs.describe_instances(work.session, instance_ids) if instance_ids else []
    instances = _shown(work, "instance", hosts)
    late = work.session.client.clock.monotonic() > work.patient_until
    attached: set[str] = set()
    for identifier in [i for i in (*eni_ids, *instance_ids) if i not in enis and i not in instances]:
        _unseen(work, work.todo[identifier].item)
    for identifier, eni in enis.items():
        host = str(eni.get("InstanceId") or "")
        if eni.get("Status") in ("InUse", "Attaching", "Detaching") or host:
            attached.add(host)
            if eni.get("Status") != "Attaching":
                _detach(work, identifier, host)
        else:
            _delete(work, work.todo[identifier].item)
    for identifier in instances:
        if identifier not in attached or late:
            _delete(work, work.todo[identifier].item)
    if work.of("eni", "instance"):
        return len(work.removed) > before
    for item in (*work.of("security_group"), *work.of("vswitch")):
        _delete(work, item)
    for item in work.of("vpc") if not work.of("security_group", "vswitch") else ():
        _delete(work, item)
    return len(work.removed) > before


def _detach(work: _Work, eni: str, host: str) -> None:
    """Ask for one detach; one that was accepted takes its time, and is asked for again only after a while."""
    now = work.session.client.clock.monotonic()
    if now < work.todo[eni].detach_at:
        return
    if _ask(work, eni, "DetachNetworkInterface", ("InstanceId", host), ("NetworkInterfaceId", eni)):
        work.todo[eni] = replace(work.todo[eni], detach_at=now + look.DELETE_AGAIN)


def _delete(work: _Work, item: Item) -> bool:
    """Ask for one deletion. Returns whether it was accepted, or the resource is not there.

    An accepted one takes its time; it is asked for again only after a while, and then after longer ones.
    """
    now = work.session.client.clock.monotonic()
    if work.todo[item.id].hopeless or now < work.todo[item.id].again_at:
        return False
    kind = ecs.KINDS[item.kind]
    force: tuple[Pair, ...] = (("Force", "true"),) if item.kind == "instance" else ()
    accepted = _ask(work, item.id, kind.delete, (kind.key, item.id), *force, vpc=kind.vpc)
    if accepted:
        one = work.todo[item.id]
        pause = 2 * one.pause
        work.todo[item.id] = replace(one, accepted=True, again_at=now + pause, pause=pause)
        if item.kind not in ("eni", "instance"):
            work.done(item.id)
    return accepted


def _unseen(work: _Work, item: Item) -> None:
    """A resource that is not shown: gone if its deletion was accepted, else perhaps too new to be shown."""
    if work.todo[item.id].accepted or _delete(work, item):
        work.done(item.id)


def _shown(work: _Work, kind: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Those of the described resources that are to go, by id."""
    shown = {str(entry.get(ecs.KINDS[kind].key)): entry for entry in entries}
    return {identifier: entry for identifier, entry in shown.items() if identifier in work.todo}


def _ask(work: _Work, identifier: str, action: str, *pairs: Pair, vpc: bool = False) -> bool:
    """Send one call about a resource of ours and note a refusal; true also if there is no such resource."""
    work.session.ledger.check(identifier)
    region = work.session.region
    exchange = ecs.send(work.session, action, [region, *pairs], vpc=vpc)
    if ecs.succeeded(exchange) or ecs.is_absent(exchange):
        work.note(identifier, "")
        return True
    work.note(identifier, f"{action}: {code_of(exchange) or exchange.outcome}")
    never = work.session.target.loopback and code_of(exchange).startswith(NO_SUCH_OPERATION)
    if never and action == ecs.KINDS[work.todo[identifier].item.kind].delete:
        work.todo[identifier] = replace(work.todo[identifier], hopeless=True)
    return False


# --- a run -------------------------------------------------------------------------------------------


def lag(target: Target) -> float:
    """Seconds after which a new resource is taken to be shown by the describe operations."""
    return look.VISIBLE_NEARBY if target.loopback else look.VISIBLE


def teardown(
    session: ecs.Session, *, seconds: float | None = None, dry_run: bool = False, patience: float | None = None
) -> Cleaning:
    """Remove everything of the session's run: what the ledger names, and what carries the run's marks.

    Workers that are still at it cannot create anything from now on.

    The marks are looked for again at the end, and if an answer had been lost, once more when even a late
    resource must be visible (after `patience` seconds; default: `lag`).
    """
    removed: list[Item] = []
    left: list[Left] = []
    kept: list[Left] = []
    if not dry_run:
        session.ledger.close_down()
    book = session.ledger.book()
    late_seconds = lag(session.target) if patience is None else patience
    waits = [0.0, 0.0, late_seconds if book.open else 0.0]
    for number, wait in enumerate(waits):
        if wait:
            session.client.clock.sleep(wait)
        book = session.ledger.book()
        items = {
            owned.id: Item(owned.kind, owned.id, session.run_id, owned.at)
            for owned in book.owned.values()
            if owned.id not in book.gone
        }
        found, doubtful = tagged(session, session.run_id) if number or dry_run or book.open else ([], [])
        kept = [one for one in doubtful if one.item.id and one.item.id not in book.owned]
        late = [item for item in found if item.id not in items and item.id not in book.gone]
        if dry_run:
            items |= {item.id: item for item in late}
            return Cleaning(session.run_id, tuple(items.values()), (), tuple(kept), True)
        for item in late:
            session.ledger.adopt(item.kind, item.id)
            items[item.id] = item
        if not items:
            left = []
            if number and not any(waits[number + 1 :]):
                break
            continue
        ordered = sorted(items.values(), key=lambda item: ORDER.index(item.kind) if item.kind in ORDER else 0)
        went, left = remove(session, ordered, seconds=seconds)
        removed += went
        if left:
            break
    if not left:
        session.ledger.settled()
    return Cleaning(session.run_id, tuple(removed), tuple(left), tuple(kept))


def clean(
    target: Target,
    client: Client,
    *,
    out: Path | None = None,
    older_than: float | None = None,
    dry_run: bool = False,
    seconds: float | None = None,
    patience: float | None = None,
) -> list[Cleaning]:
    """Remove what ended runs left on a target: one Cleaning for each run that had left something.

    out: where runs keep their directories. older_than: seconds; younger runs are kept. Without it, a run
    whose ledger is here is cleaned at once, and one of which only tags are known after OTHERS_AGE, on
    loopback at once. A run that is alive on this machine is always kept. patience: seconds to wait before
    looking, because a resource that was created a moment ago may not be shown yet (default: `lag`).
    """
    client.clock.sleep(lag(target) if patience is None else patience)
    books = _books(out, target)
    now = client.clock.now()
    with tempfile.TemporaryDirectory(prefix="eni-conformance-") as scratch:
        looking = ecs.Session(
            target, client, Ledger(Path(scratch), "janitor", worker="janitor", durable=False), "janitor"
        )
        found, doubtful = tagged(looking)
        ages: dict[str, float] = {}
        for item in found:
            ages[item.run_id] = max(ages.get(item.run_id, 0.0), item.created)
        done: list[Cleaning] = []
        for run_id in sorted({*ages, *books}):
            directory = books.get(run_id)
            age = now - ages.get(run_id, read_ledgers(directory).started if directory else 0.0)
            wait = older_than if older_than is not None else _patience(target, directory)
            mine = [Left(item, "") for item in found if item.run_id == run_id]
            if is_alive(run_id) or age < wait:
                why = "its run is alive" if is_alive(run_id) else f"is younger than {wait / 60:.0f} minutes"
                if mine:
                    done.append(Cleaning(run_id, kept=tuple(Left(one.item, why) for one in mine), dry_run=dry_run))
                continue
            _await_orphans(client, run_id)
            ledger = Ledger(
                directory or Path(scratch) / run_id,
                run_id,
                worker="janitor",
                durable=not target.loopback,
                clock=client.clock.now,
            )
            try:
                result = teardown(
                    ecs.Session(target, client, ledger, run_id), seconds=seconds, dry_run=dry_run, patience=patience
                )
            finally:
                ledger.close()
            if result.removed or result.left or result.kept:
                done.append(result)
        looking.ledger.close()
        reported = {one.item.id for result in done for one in result.kept}
        rest = tuple(one for one in doubtful if one.item.id not in reported)
        return [*done, Cleaning("", kept=rest, dry_run=dry_run)] if rest else done


def clean_abroad(
    target: Target,
    *,
    out: Path | None = None,
    older_than: float | None = None,
    dry_run: bool = False,
    patience: float | None = None,
) -> list[Cleaning]:
    """The same in the target's second region. Where nothing can be listed there, and no ledger names anything
    there, nothing was created there."""
    if not target.second_region:
        return []
    there = abroad(target)
    client = Client(there, worker="janitor")
    results = clean(there, client, out=out, older_than=older_than, dry_run=dry_run, patience=patience)
    unlisted = sum(not one.item.id for result in results for one in result.kept)
    return [] if unlisted == len(ecs.KINDS) and not _books(out, there) else results


def _await_orphans(client: Client, run_id: str) -> None:
    """Give workers whose run was killed the time to notice."""
    at_work = functools.partial(is_alive, run_id, orphans=True)
    pauses = itertools.repeat(0.1)
    look.look_until(at_work, lambda alive: not alive, look.WORKERS_END, clock=client.clock, pauses=pauses)


def _patience(target: Target, directory: Path | None) -> float:
    """Seconds for which a run is left alone by default."""
    return 0.0 if directory is not None or target.loopback else OTHERS_AGE


def _books(out: Path | None, target: Target) -> dict[str, Path]:
    """The ledger directories below `out` of runs against this target that still own something, by run id."""
    books: dict[str, Path] = {}
    for path in sorted(out.glob("**/ledger-*.jsonl")) if out is not None and out.is_dir() else ():
        book: Book = read_ledgers(path.parent)
        if book.where not in ("", ecs.where(target)) or not valid_run_id(book.run_id):
            continue
        if book.open or set(book.owned) - set(book.gone):
            books[book.run_id] = path.parent
    return books


# --- the command -------------------------------------------------------------------------------------


def scratch() -> Path:
    """A new directory that is removed when the process ends, for ledgers of sessions that own nothing."""
    directory = tempfile.TemporaryDirectory(prefix="eni-conformance-")
    atexit.register(directory.cleanup)
    return Path(directory.name)


def parse_age(text: str) -> float:
    """Seconds of "90s", "30m", "2h", "1d" or "0". Raises ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no age; write for example 2h, 30m or 0")
    return float(match.group(1)) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match.group(2)]


def main(args: Any) -> int:
    """The subcommand. Exit status: 0 nothing is left, 1 something is, 2 configuration, 3 target unusable."""
    try:
        target = load_target(args.target, allow_plain_http=args.allow_plain_http)
        found = survey(Client(target, worker="janitor"))
        if found.problem:
            print(f"{target.endpoint} cannot be used: {found.problem}", file=sys.stderr)
            return 3
        target = replace(target, offers=found.offers)
        client = Client(target, worker="janitor", skew=found.skew)
        results = clean(target, client, out=Path(args.out), older_than=args.older_than, dry_run=args.dry_run)
        results += clean_abroad(target, out=Path(args.out), older_than=args.older_than, dry_run=args.dry_run)
    except TargetError as error:
        print(error, file=sys.stderr)
        return 2
    unlisted = [one for result in results for one in result.kept if not one.item.id]
    if args.json:
        print(json.dumps(codec.plain(results), indent=2))
    else:
        print(told(results, dry_run=args.dry_run))
    if len(unlisted) == len(ecs.KINDS):
        print(f"the target could not be used: {unlisted[0].why}", file=sys.stderr)
        return 3
    return 1 if unlisted or any(result.left for result in results) else 0


def told(results: Sequence[Cleaning], *, dry_run: bool) -> str:
    """The results in words."""
    lines: list[str] = []
    for result in results:
        if result.run_id:
            lines.append(f"run {result.run_id}")
        for item in result.removed:
            lines.append(f"  {'would remove' if dry_run else 'removed':<13} {item.kind:<15} {item.id}")
        for label, entries in (("LEFT", result.left), ("kept", result.kept)):
            lines += [f"  {label:<13} {one.item.kind:<15} {one.item.id}  {one.why}".rstrip() for one in entries]
    total = sum(len(result.removed) for result in results)
    left = sum(len(result.left) for result in results)
    lines.append(f"{total} {'would be removed' if dry_run else 'removed'}, {left} left")
    return "\n".join(lines)
