"""The command line: options in, a listening server out."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

EXIT_USAGE = 2
EXIT_UNUSABLE = 3


def parser() -> argparse.ArgumentParser:
    """All options."""
    made = argparse.ArgumentParser(
        prog="emulator", description="An ECS endpoint for the life cycle of elastic network interfaces."
    )
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    made.add_argument("--port", type=int, default=9000, help="port, 0 for a free one (default: 9000)")
    made.add_argument("--write-target", type=_file, metavar="FILE", help="write a target file for this emulator")
    made.add_argument("--callers", type=_file, metavar="FILE", help="TOML file with callers of your own")
    made.add_argument(
        "--settle-ms", type=float, default=50, metavar="N", help="length of transitional states (default: 50)"
    )
    made.add_argument("--revision", choices=("2019", "2024"), default="2019", help="edition of the reference page")
    made.add_argument("--seed", type=int, metavar="N", help="make resource ids and addresses repeatable")
    made.add_argument("--fault", action="append", default=[], metavar="NAME", help="switch a fault on (repeatable)")
    made.add_argument("--variant", action="append", default=[], metavar="NAME", help="behave otherwise (repeatable)")
    made.add_argument("--composed", action="append", default=[], metavar="SPEC", help="a composed fault (repeatable)")
    made.add_argument("--list-composed", type=_number, metavar="N", help="print N composed faults, drawn by --seed")
    made.add_argument("--conforming", action="store_true", help="with --list-composed: conforming variants instead")
    made.add_argument("--list-faults", action="store_true", help="print the faults of the revision and end")
    made.add_argument("--list-variants", action="store_true", help="print the variants of the revision and end")
    made.add_argument("--json", action="store_true", help="print lists as JSON")
    made.add_argument("--parent-pid", type=int, metavar="PID", help="end when this process has ended")
    return made


def _file(text: str) -> Path:
    """A file by its name, which is empty where a variable is not set; for argparse."""
    if not text.strip():
        raise argparse.ArgumentTypeError("names no file")
    return Path(text)


def _number(text: str) -> int:
    """A whole number from 1; for argparse."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")
    return int(text)


def main(argv: list[str] | None = None) -> int:
    """Run the emulator until it is told to end.  Exit status: 0, 2 wrong usage, 3 cannot listen or write."""
    options = parser().parse_args(argv)
    if options.list_faults or options.list_variants:
        return _list(options.list_faults, options.list_variants, options.revision, options.json)
    if options.list_composed is not None:
        return _list_composed(options.list_composed, options.seed or 0, options.conforming, options.json)
    # Imported late: a list or a wrong option needs none of it.
    from eni_conformance.emulator.embed import make_cloud
    from eni_conformance.emulator.extra import missing

    if lacking := missing():
        return _complain(lacking, EXIT_UNUSABLE)
    try:
        cloud = make_cloud(
            settle_ms=options.settle_ms,
            revision=options.revision,
            seed=options.seed,
            faults=options.fault,
            variants=options.variant,
            callers=options.callers,
        )
        if options.composed:
            from eni_conformance.emulator.switches import switch_composed

            switch_composed(cloud, options.composed)
    except (ValueError, OSError) as error:
        return _complain(str(error), EXIT_USAGE)
    try:
        listener = listen(options.host, options.port)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return _complain(f"cannot listen on {options.host} port {options.port}: {reason}", EXIT_UNUSABLE)
    if not options.host.startswith("127.") and options.host not in ("localhost", "::1"):
        print(
            f"emulator: warning: listening on {options.host}: anyone who reaches this port can use it",
            file=sys.stderr,
        )
    url = address(listener, options.host)
    if options.write_target is not None:
        from eni_conformance.emulator.target import write_target

        try:
            write_target(options.write_target, url, cloud.callers.values(), cloud.behaviour.variants)
        except OSError as error:
            return _complain(f"cannot write {options.write_target}: {error.strerror}", EXIT_UNUSABLE)
    from eni_conformance.emulator.app import build, run

    server = build(cloud)
    if options.parent_pid is not None:
        threading.Thread(target=_watch, args=(options.parent_pid,), daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        # There is nothing to save and nobody to wait for: end at once.
        signal.signal(number, lambda *_: os._exit(0))
    print(f"LISTENING {url}", flush=True)
    run(server, listener)
    return 0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.  Raises OSError if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(1024)
    except BaseException:
        made.close()
        raise
    made.setblocking(False)
    return made


def address(listener: socket.socket, host: str) -> str:
    """The URL of a listening socket."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"


def _complain(text: str, status: int) -> int:
    print(f"emulator: {text}", file=sys.stderr)
    return status


def _watch(pid: int) -> None:
    """End with the process that started us, so that nothing is left running."""
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            os._exit(0)
        except PermissionError:
            pass
        time.sleep(0.5)


def _list(faults: bool, variants: bool, revision: str, as_json: bool) -> int:
    """Print the faults or variants of a revision."""
    rows: list[dict[str, str]] = []
    if faults:
        from eni_conformance.emulator.named import FAULTS

        rows += [fault.row() for fault in FAULTS.values() if fault.revision <= revision]
    if variants:
        from eni_conformance.emulator.variants import VARIANTS

        rows += [variant.row() for variant in VARIANTS.values() if variant.revision <= revision]
    if as_json:
        print(json.dumps(rows, indent=1))
        return 0
    for row in rows:
        print(row["name"])
        for key, value in row.items():
            if key != "name" and value:
                print(f"    {key}: {value}")
    return 0


def _list_composed(n: int, seed: int, conforming: bool, as_json: bool) -> int:
    """Print behaviours out of the grammar of composed faults."""
    from eni_conformance.emulator.words.grammar import compose, parse

    try:
        rows = [parse(spec).row() for spec in compose(n, seed, conforming)]
    except ValueError as error:
        return _complain(str(error), EXIT_USAGE)
    if as_json:
        print(json.dumps(rows, indent=1))
        return 0
    for row in rows:
        print(f"{row['name']}\n    trigger: {row['trigger']}\n    description: {row['description']}")
    return 0
