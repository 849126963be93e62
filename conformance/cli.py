"""The command line: what can be asked for, in words that teach. The work is done by the modules it names.

Each subcommand imports its module when it is chosen and calls `main(args) -> int`, so that `--help` is fast
and a part that is missing harms no other. No traceback reaches a user: what is not foreseen ends as one
line, with the details in a file, redacted.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

PROG = "eni-conformance"

OK, VIOLATED, USAGE, UNUSABLE, UNFINISHED = 0, 1, 2, 3, 4
"""Exit statuses: nothing violated; violated; wrong usage; target unusable; ended early."""

STATUSES = """\
exit status:
  0  nothing is violated
  1  something is violated
  2  wrong usage or configuration
  3  the target could not be used (unreachable, credentials refused, set-up failed)
  4  ended before everything was tried (budget, interrupt), nothing violated so far
"""

OVERVIEW = f"""\
Does an endpoint that claims to speak Alibaba Cloud ECS really implement DetachNetworkInterface as its
reference page documents it: parameters, resource states, answers, HTTP statuses, and each documented error?

first steps:
  {PROG} run                                  on the embedded emulator; the report is out/latest/index.html
  {PROG} emulator --port 9000                 an endpoint to try your own ECS client on
  {PROG} doctor --target staging.toml         can your endpoint be reached, and what can be tried there
  {PROG} plan --target staging.toml           what a run there would call, create and cost
  {PROG} run --target staging.toml            judge it
  {PROG} replay out/latest/evidence/X.json    does this counterexample still fail
  {PROG} janitor --target staging.toml        remove what a killed run has left behind

`{PROG} COMMAND --help` explains a command, with examples.
"""

TARGET_FILE = """\
a target file (TOML) holds at least:
  endpoint = "https://ecs.cn-hangzhou.aliyuncs.com"
  region = "cn-hangzhou"
  [callers.account]                 # nothing in it: the vendor's default credential chain
  profile = "ci"                    # or a profile of the aliyun CLI, or env = "PREFIX", or the keys themselves
"""


def positive(text: str) -> int:
    """A whole number from 1; for argparse."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 256")
    return int(text)


def seed(text: str) -> int:
    """A whole number from 0 that fits 64 bits; for argparse."""
    if not text.isascii() or not text.isdigit() or int(text) >= 2**64:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)


def shard(text: str) -> str:
    """ "2/5" as it is, if it is a shard; for argparse."""
    parts = text.split("/")
    whole = len(parts) == 2 and all(p.isascii() and p.isdigit() for p in parts)
    if whole and 1 <= int(parts[0]) <= int(parts[1]) <= 1000:
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no shard; write for example 1/4")


def age(text: str) -> float:
    """ "2h" -> 7200.0 seconds; for argparse."""
    from eni_conformance.harness.account.janitor import parse_age

    try:
        return parse_age(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _add(
    commands: Any, name: str, module: str, summary: str, examples: str, *, tail: str = STATUSES
) -> argparse.ArgumentParser:
    """A subcommand whose work `module`.main does."""
    lines = "\n".join(f"  {PROG} {line}" if line else "" for line in examples.strip().splitlines())
    made: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"examples:\n{lines}\n\n{tail}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.set_defaults(module=module)
    return made


def _target(parser: argparse.ArgumentParser, *, required: bool, names: bool = False) -> None:
    what = "NAME|FILE" if names else "FILE"
    default = "" if required else " (default: the embedded emulator, started for the occasion)"
    parser.add_argument("--target", metavar=what, required=required, help=f"target file{default}")
    parser.add_argument(
        "--allow-plain-http",
        action="store_true",
        help="allow http to other machines: signed calls can then be read on the way",
    )


def _revision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--revision",
        choices=("2019", "2024"),
        default="2019",
        help="edition of the reference page to judge by (default: 2019)",
    )


def _effort(parser: argparse.ArgumentParser, default: str = "quick") -> None:
    parser.add_argument(
        "--effort",
        choices=("quick", "standard", "deep"),
        default=default,
        help=f"how much is tried: half a minute, minutes, or as long as it is worth (default: {default})",
    )


def _workers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-n", dest="workers", metavar="WORKERS", type=positive, help="processes at work (default: what fits)"
    )


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def _out(parser: argparse.ArgumentParser, what: str = "directory of all runs") -> None:
    parser.add_argument("--out", metavar="DIR", default="out", help=f"{what} (default: out)")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog=PROG,
        description=OVERVIEW,
        epilog=STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"{PROG} {_version()}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    run = _add(
        commands,
        "run",
        "eni_conformance.conformance.run",
        "judge an endpoint and write the report",
        """
run
run --effort quick -n 2
run --target staging.toml --revision 2024 --seed 7
run --target staging.toml -k ENI-DETACH-E11 --first-violation
run --target staging.toml --shard 1/4 --out shards
run --target account.toml --record recordings/hangzhou.json
run --deviations deviations.toml
""",
        tail=TARGET_FILE + "\n" + STATUSES,
    )
    _target(run, required=False, names=True)
    _revision(run)
    _effort(run)
    _workers(run)
    _out(run)
    run.add_argument("--seed", metavar="N", type=seed, help="make the choices repeatable (default: a new one)")
    run.add_argument("--deviations", metavar="FILE", help="violations that are known, with owner and expiry")
    run.add_argument("--first-violation", action="store_true", help="end at the first violation")
    run.add_argument(
        "--strict",
        action="store_true",
        help="judge by the page alone: answers of the gateway and of sibling pages that real services give count, too",
    )
    run.add_argument("-k", dest="requirement", metavar="REQUIREMENT", help="only requirements whose id holds this text")
    run.add_argument("--shard", metavar="I/N", type=shard, help="only this part of N; join them with merge")
    run.add_argument(
        "--record",
        metavar="FILE.json|DIR",
        help="keep what the target did, without what names the account, to compare other endpoints with it",
    )
    run.add_argument("--history", metavar="FILE", help="append a line about this run, and draw the trend")
    run.add_argument(
        "--database",
        metavar="WHERE",
        help="share counterexamples found: a directory, redis://HOST or github:OWNER/REPOSITORY",
    )
    _json(run)

    doctor = _add(
        commands,
        "doctor",
        "eni_conformance.harness.account.doctor",
        "can the target be reached, which callers work, what can be tried there, and what is missing",
        """
doctor --target staging.toml
doctor --target staging.toml --json
""",
        tail=TARGET_FILE,
    )
    plan = _add(
        commands,
        "plan",
        "eni_conformance.harness.account.plan",
        "what a run would do: calls, resources, minutes, money; nothing is created",
        """
plan --target staging.toml
plan --target staging.toml --effort quick --json
""",
        tail=TARGET_FILE,
    )
    for one in (doctor, plan):
        _target(one, required=True)
        _revision(one)
        _json(one)
        _out(one)
    _effort(plan)
    _workers(plan)

    janitor = _add(
        commands,
        "janitor",
        "eni_conformance.harness.account.janitor",
        "remove what ended runs left on a target, and nothing else",
        """
janitor --target staging.toml --dry-run
janitor --target staging.toml
janitor --target staging.toml --older-than 2h
""",
        tail="""\
What belongs to a run is known from its ledger below --out, and from the tags of the resources. Runs that are
alive on this machine are left alone; on a real account so are, for two hours, runs of other machines.

exit status: 0 nothing is left, 1 something could not be removed, 2 usage, 3 the target could not be used
""",
    )
    _target(janitor, required=True)
    janitor.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    janitor.add_argument("--older-than", metavar="AGE", type=age, help="only runs of that age, such as 2h, 30m or 0")
    _json(janitor)
    _out(janitor)

    replay = _add(
        commands,
        "replay",
        "eni_conformance.conformance.replay",
        "build the world of a counterexample again, send the call, and judge; exit 1 while it still fails",
        """
replay out/latest/evidence/ENI-DETACH-E11-1.json
replay out/latest/evidence/ENI-DETACH-E11-1.json --target other.toml
""",
    )
    replay.add_argument("evidence", metavar="EVIDENCE.json")
    _target(replay, required=False, names=True)

    compare = _add(
        commands,
        "compare",
        "eni_conformance.reports.compare",
        "compare two runs, or the runs of two targets: violated, fixed, lost, answered otherwise, slower",
        """
compare out/2026-05-01 out/latest
compare staging/results.json out/latest --out difference.html
compare recordings/hangzhou.json out/latest
""",
        tail="""\
A recording (run --record) stands for the real service: then 1 also means that B answers some call otherwise.

exit status: 0 B is not worse than A, 1 it is, 2 a run cannot be read
""",
    )
    compare.add_argument("run_a", metavar="RUN_A", help="output directory, results.json or recording")
    compare.add_argument("run_b", metavar="RUN_B", help="output directory, results.json or recording")
    compare.add_argument("--out", metavar="FILE.html", help="write the comparison as a page, too")

    merge = _add(
        commands,
        "merge",
        "eni_conformance.conformance.merge",
        "join the shards of a run into one result and one report",
        """
merge shards/1 shards/2 shards/3 shards/4 --out out
merge shards/* --deviations deviations.toml
""",
    )
    merge.add_argument("runs", metavar="DIR", nargs="+", help="output directories of the shards")
    merge.add_argument("--deviations", metavar="FILE", help="violations that are known, with owner and expiry")
    _out(merge, "where the joined run is written")

    prove = _add(
        commands,
        "prove",
        "eni_conformance.conformance.prove",
        "show that the suite catches every built-in fault of the emulator, and blames no conforming variant",
        """
prove -n 2
prove --effort quick --only refusal
prove --adversary 150 --seed 7
""",
        tail="exit status: 0 all caught and nobody blamed, 1 not so, 2 usage, 4 ended early",
    )
    _workers(prove)
    _effort(prove)
    _out(prove, "where the kill matrix is written")
    prove.add_argument("--only", metavar="CLASS|NAME", help="only these faults and variants")
    prove.add_argument("--adversary", metavar="N", type=positive, help="N faults composed at random instead")
    prove.add_argument("--seed", metavar="S", type=seed, help="make the choices repeatable")

    drift = _add(
        commands,
        "drift",
        "eni_conformance.conformance.drift",
        "compare the contract with a vendor page or metadata file; exit 1 when they differ",
        """
drift DetachNetworkInterface.md
drift api-docs.json --revision 2024 --json
""",
        tail="exit status: 0 no difference, 1 differences, 2 the file cannot be read",
    )
    drift.add_argument("page", metavar="PAGE.md|api-docs.json")
    _revision(drift)
    _json(drift)

    deviations = _add(
        commands,
        "deviations",
        "eni_conformance.conformance.deviations",
        "write a draft of a deviations file from the violations of a run, or check one",
        """
deviations --from out/latest > deviations.toml
deviations --check deviations.toml
""",
        tail="exit status: 0 all is well, 1 an entry has expired, 2 the file or run cannot be read",
    )
    source = deviations.add_mutually_exclusive_group(required=True)
    source.add_argument("--from", dest="run", metavar="RUN", help="output directory or results.json")
    source.add_argument("--check", metavar="FILE", help="a deviations file")

    emulator = _add(
        commands,
        "emulator",
        "",
        "start the embedded ECS endpoint; all further arguments are its own",
        """
emulator --port 9000
emulator --port 0 --write-target emulator.toml
emulator --list-faults
emulator --fault NAME --settle-ms 200
""",
        tail="its first line is LISTENING http://127.0.0.1:PORT; Ctrl-C ends it",
    )
    emulator.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return top


def _version() -> str:
    try:
        return version("eni-conformance")
    except PackageNotFoundError:
        return "(not installed)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns its exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["emulator"]:
        _emulator(given[1:])
    try:
        args = parser().parse_args(given)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else USAGE
    return _guarded(args, lambda: _command(args))


def _command(args: argparse.Namespace) -> int:
    try:
        module = importlib.import_module(args.module)
    except ModuleNotFoundError as error:
        if error.name != args.module:
            raise
        print(f"{PROG}: {args.command} is not part of this installation", file=sys.stderr)
        return USAGE
    if args.module == "eni_conformance.reports.compare":
        return int(module.main([args.run_a, args.run_b, *(["--out", args.out] if args.out else [])]))
    return int(module.main(args))


def _guarded(args: argparse.Namespace, work: Callable[[], int]) -> int:
    """Run `work` with SIGTERM treated as Ctrl-C; nothing that it raises becomes a traceback.

    The first interrupt ends the run, which then removes what it created; only a third one stops that.
    """
    from eni_conformance.harness.target import TargetError

    count = 0

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count == 2:
            os.write(2, b"still removing what the run created; a third interrupt leaves it to the janitor\n")
            return
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        return work()
    except TargetError as error:
        print(f"{PROG}: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print(f"{PROG}: interrupted", file=sys.stderr)
        return UNFINISHED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNFINISHED
    except Exception as error:
        where = _crash(args, error)
        kept = f"; the details are in {where}" if where else ""
        print(f"{PROG}: internal error: {type(error).__name__}{kept}", file=sys.stderr)
        return UNUSABLE
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _crash(args: argparse.Namespace, error: BaseException) -> str:
    """Write the redacted traceback to a file; returns its path, "" if that fails, too."""
    from eni_conformance.harness.redact import Redactor
    from eni_conformance.harness.target import TargetError, load_target

    redactor = Redactor()
    target = getattr(args, "target", None)
    if target:
        with contextlib.suppress(TargetError):
            redactor = Redactor(load_target(target, allow_plain_http=True))
    text = redactor.text("".join(traceback.format_exception(error)))
    directory = Path(str(getattr(args, "out", None) or "out"))
    try:
        directory = directory if directory.suffix == "" else directory.parent
        directory.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="crash-", suffix=".txt", dir=directory)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return ""
    return name


def _emulator(rest: Sequence[str]) -> NoReturn:
    """Become the emulator. It is never imported here: suite and emulator share nothing."""
    found = importlib.util.find_spec("eni_conformance.emulator")
    if found is None or found.origin is None:
        print(f"{PROG}: the emulator is not part of this installation", file=sys.stderr)
        sys.exit(USAGE)
    root = str(Path(found.origin).parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "eni_conformance.emulator", *rest], environment)  # noqa: S606 - this interpreter


if __name__ == "__main__":
    sys.exit(main())
