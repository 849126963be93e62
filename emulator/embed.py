"""The emulator inside another program: `with running() as emulator: ...`.

The real server runs on a free loopback port in a thread of its own, so that a client of any kind can talk to
it.  Time is under the caller's control: `hold`, `release` and `advance` make sleeping unnecessary.
"""

from __future__ import annotations

import json
import tempfile
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eni_conformance.emulator.accounts import Caller, load_callers
from eni_conformance.emulator.behaviour import Behaviour
from eni_conformance.emulator.extra import missing
from eni_conformance.emulator.state import Cloud
from eni_conformance.emulator.switches import switch_fault, switch_variant


@dataclass(frozen=True)
class Running:
    """A running emulator: where it is, who may call, and its clock."""

    url: str
    callers: dict[str, Caller]
    variants: tuple[str, ...] = ()
    """Those that it was started with."""
    target: Path = Path()
    """A target file for it, as long as it runs."""

    @property
    def control_url(self) -> str:
        """Where the control protocol answers."""
        return f"{self.url}/_control"

    def control(self, op: str, **body: Any) -> dict[str, Any]:
        """One control call.  Raises ValueError with the emulator's own words if it is refused."""
        data = json.dumps({"op": op, **body}).encode()
        request = urllib.request.Request(self.control_url, data, {"content-type": "application/json"})  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["error"]) from None

    def hold(self, id: str) -> None:
        """Freeze the transitions of one resource."""
        self.control("hold", id=id)

    def release(self, id: str) -> None:
        """Resume the transitions of one resource."""
        self.control("release", id=id)

    def advance(self, seconds: float) -> None:
        """Move the emulator's clock forward."""
        self.control("advance", ms=seconds * 1000)

    def write_target(self, path: Path) -> Path:
        """Write a target file for this emulator."""
        from eni_conformance.emulator.target import write_target

        write_target(path, self.url, self.callers.values(), self.variants)
        return path


def make_cloud(
    *,
    settle_ms: float = 50,
    revision: str = "2019",
    seed: int | None = None,
    faults: Sequence[str] = (),
    variants: Sequence[str] = (),
    callers: Path | None = None,
) -> Cloud:
    """An empty cloud with the given behaviour.

    Raises ValueError for an unknown fault, variant or revision and for an unusable callers file, OSError if
    that file cannot be read.
    """
    if revision not in ("2019", "2024"):
        raise ValueError(f"there is no revision {revision}")
    if not 0 <= settle_ms <= 3_600_000:
        raise ValueError("settle-ms must lie between 0 and 3600000")
    behaviour = Behaviour(revision=revision, configured_settle=settle_ms / 1000, settle_seconds=settle_ms / 1000)
    if seed is not None:
        behaviour.random.seed(seed)
    cloud = Cloud(load_callers(callers), behaviour, seed)
    try:
        switch_variant(cloud, list(variants))
        switch_fault(cloud, list(faults))
    except KeyError as error:
        raise ValueError(f"revision {revision} has no fault or variant {error.args[0]}") from None
    return cloud


@contextmanager
def running(
    *,
    settle_ms: float = 50,
    revision: str = "2019",
    seed: int | None = None,
    faults: Sequence[str] = (),
    variants: Sequence[str] = (),
    callers: Path | None = None,
) -> Iterator[Running]:
    """A server on a free loopback port for as long as the block lasts.  Options as for `make_cloud`."""
    if lacking := missing():
        raise ImportError(f"the emulator cannot be started: {lacking}")
    from eni_conformance.emulator.app import build, run
    from eni_conformance.emulator.cli import address, listen

    cloud = make_cloud(
        settle_ms=settle_ms, revision=revision, seed=seed, faults=faults, variants=variants, callers=callers
    )
    listener = listen("127.0.0.1", 0)
    server = build(cloud)
    thread = threading.Thread(target=run, args=(server, listener), name="emulator", daemon=True)
    thread.start()
    try:
        named = {caller.name: caller for caller in cloud.callers.values()}
        with tempfile.TemporaryDirectory(prefix="ecs-emulator-") as folder:
            started = Running(address(listener, "127.0.0.1"), named, tuple(variants), Path(folder) / "target.toml")
            started.write_target(started.target)
            yield started
    finally:
        server.should_exit = True
        thread.join(5)
        listener.close()
