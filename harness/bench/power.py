"""Instances made Running or Stopped, and what an endpoint does not let be done with those that run.

An instance may be Stopped for good, and one of a small type takes or gives interfaces while it is Stopped alone. Each
is learned from the refusal, kept on the bench with the words of the endpoint, and not asked for again.
"""

from __future__ import annotations

from collections.abc import Collection

from eni_conformance.contract.detach import COLD_CODES
from eni_conformance.contract.scenario import World
from eni_conformance.harness import ecs
from eni_conformance.harness.bench.look import GUEST
from eni_conformance.harness.bench.pool import Bench, NotArranged, OwnInstance, Plugging, touch, until
from eni_conformance.harness.values import Snapshot

NOT_AT_WORK = ("InvalidOperation.InvalidEcsState", "IncorrectInstanceStatus")
"""What an attach to an instance that runs may be refused with where only Stopped ones take interfaces."""


def steady(bench: Bench, own: OwnInstance, wanted: str) -> None:
    """Bring an instance to Running or Stopped and note its past. Raises NotArranged where nothing starts it."""
    if bench.now.status(own.id) == wanted:
        return
    touch(bench)
    if wanted == "Running":
        start(bench, own)
        own.past = "restarted"
    else:
        ecs.stop_instance(bench.session, own.id)


def start(bench: Bench, own: OwnInstance) -> None:
    """Ask for an instance to be started. Raises NotArranged, which the next World that needs it tells at once."""
    if bench.unstartable:
        raise NotArranged(*_no_start(bench.unstartable))
    try:
        ecs.start_instance(bench.session, own.id)
    except ecs.SetupError as refused:
        if refused.code and not ecs.passes(refused):
            bench.unstartable = str(refused)
        raise NotArranged(*_no_start(str(refused))) from None


def _no_start(why: str) -> tuple[str, str]:
    missing = f"an instance that runs ({why})"
    return f"this target does not offer: {missing}", missing


def lacking(bench: Bench, world: World) -> str:
    """What is known to be missing for a World's instances and what is plugged there, "" if nothing is."""
    specs = world.instances
    again = any(spec.status == "Starting" or spec.past == "restarted" for spec in specs)
    runs = [place for place, spec in enumerate(specs) if spec.status != "Stopped" or spec.past == "rebooted"]
    if bench.unstartable and (again or (runs and bench.come_stopped)):
        return _no_start(bench.unstartable)[1]
    there = [spec for spec in world.enis if spec.on in runs and spec.past != "born"]
    for what, way in (("attach", "Attaching"), ("detach", "Detaching")):
        if what in bench.cold and any(spec.status == way for spec in there):
            return not_cold(bench, what)
    new = any(specs[spec.on].past == "fresh" for spec in there if spec.on is not None)
    return not_cold(bench, "attach") if "attach" in bench.cold and there and (new or bench.unstartable) else ""


def await_running(bench: Bench, instances: Collection[str], doing: str) -> None:
    """Wait until all are Running, and where they have guests, until those react. doing: "starting" or the like.

    Raises NotArranged."""

    def running(snapshot: Snapshot) -> bool:
        return all(snapshot.status(one) == "Running" for one in instances)

    until(bench, running, f"set-up: {doing} an instance", "instances")
    if bench.session.target.real:
        bench.clock.sleep(GUEST)


def start_all(bench: Bench, instances: Collection[OwnInstance]) -> None:
    """Start those that do not run, and wait until all run. Raises NotArranged."""
    for own in instances:
        steady(bench, own, "Running")
    if instances:
        await_running(bench, [own.id for own in instances], "starting")


def stop_all(bench: Bench, instances: Collection[OwnInstance]) -> None:
    """Stop those that are not Stopped, and wait until all are. Raises NotArranged, ecs.SetupError."""
    for own in instances:
        steady(bench, own, "Stopped")

    def stopped(snapshot: Snapshot) -> bool:
        return all(snapshot.status(own.id) == "Stopped" for own in instances)

    if instances:
        until(bench, stopped, "set-up: stopping an instance", "instances")


def await_created(bench: Bench, fresh: Collection[OwnInstance]) -> None:
    """Wait until new instances are Running. Those that stay Stopped are told to start; where nothing starts them, they
    are what this target offers. Raises NotArranged."""
    ids = {own.id for own in fresh}
    stopped_at: float | None = None

    def there(snapshot: Snapshot) -> bool:
        nonlocal stopped_at
        statuses = {snapshot.status(one) for one in ids}
        if statuses == {"Running"}:
            return True
        if not statuses <= {"Running", "Stopped"}:
            stopped_at = None
            return False
        stopped_at = bench.clock.monotonic() if stopped_at is None else stopped_at
        return bool(bench.unstartable) or bench.clock.monotonic() - stopped_at > bench.lag_seconds

    until(bench, there, "set-up: creating an instance", "instances")
    stopped = [own for own in fresh if bench.now.status(own.id) == "Stopped"]
    bench.come_stopped = bool(stopped)
    if not bench.unstartable and stopped:
        for own in stopped:
            touch(bench)
            try:
                start(bench, own)
            except NotArranged:
                if bench.unstartable:
                    return
                raise
        await_running(bench, ids, "starting")
    elif not stopped and bench.session.target.real:
        bench.clock.sleep(GUEST)


def restart(bench: Bench, own: OwnInstance, past: str, status: str) -> None:
    """Give an instance the past that is asked for, and leave it in `status`."""
    if past == "rebooted":
        start_all(bench, [own])
        touch(bench)
        ecs.reboot_instance(bench.session, own.id)
        bench.clock.sleep(bench.step)
        await_running(bench, [own.id], "rebooting")
    else:
        stop_all(bench, [own])
        start_all(bench, [own])
    own.past = "rebooted" if past == "rebooted" else "restarted"
    if status == "Stopped":
        stop_all(bench, [own])


# --- plugging ----------------------------------------------------------------------------------------


def accepted(bench: Bench, what: Plugging, host: str) -> None:
    """An interface was plugged in or out: what an instance that runs lets be done, it lets be done again."""
    if bench.now.status(host) == "Running":
        bench.hot.add(what)


class Cold(Exception):
    """An instance must be Stopped for this, which has just been learned. Its text says what is missing."""


def not_cold(bench: Bench, what: Plugging) -> str:
    """What is missing where an instance must be Stopped for this."""
    verb = {"attach": "takes", "detach": "gives up"}[what]
    return f"an instance that {verb} interfaces while it runs ({bench.cold[what]})"


def learn_cold(bench: Bench, what: Plugging, host: str, refused: ecs.SetupError) -> None:
    """Raises Cold where a refusal says that an instance must be Stopped for this, and none that runs has done it."""
    codes = COLD_CODES if what == "detach" else (*COLD_CODES, *NOT_AT_WORK)
    if refused.code in codes and bench.now.status(host) == "Running" and what not in bench.hot:
        bench.cold.setdefault(what, str(refused))
        raise Cold(not_cold(bench, what)) from None


def stop_first(bench: Bench, what: Plugging, hosts: Collection[str]) -> list[OwnInstance]:
    """Stop those of these instances that run, where they must be Stopped for this. Returns them, to be started again.

    Raises NotArranged, ecs.SetupError."""
    if what not in bench.cold:
        return []
    running = [own for own in bench.instances if own.id in hosts and bench.now.status(own.id) == "Running"]
    stop_all(bench, running)
    return running
