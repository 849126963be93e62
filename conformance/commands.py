"""The command line as a table: which subcommands there are, what each may be given, and in what words it is told.

A subcommand names its options by their key in OPTIONS, in the order of its help. `cli` makes a parser of it and runs
what was asked for; this file imports none of the modules that do the work.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PROG = "eni-conformance"

OK, VIOLATED, USAGE, UNUSABLE, ENDED_EARLY = 0, 1, 2, 3, 4
"""Exit statuses: nothing violated; violated; wrong usage; target unusable; ended early."""

STATUSES = """\
exit status:
  0  nothing is violated
  1  something is violated
  2  wrong usage or configuration
  3  the target could not be used (unreachable, credentials refused, set-up failed)
  4  ended before everything was tried (budget, interrupt), or nothing could be judged; nothing violated so far
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


# --- kinds of value ------------------------------------------------------------------------------------


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


def number_of_calls(text: str) -> int:
    """A whole number from 1; for argparse."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of calls")
    return int(text)


def numbers_of_calls(text: str) -> tuple[int, ...]:
    """ "300,1000" -> (300, 1000), the smallest first; for argparse."""
    return tuple(sorted({number_of_calls(part) for part in text.split(",")}))


def some(text: str) -> str:
    """A text that says something; for argparse."""
    if not text.strip(" ,"):
        raise argparse.ArgumentTypeError("names nothing")
    return text


def named(text: str) -> str:
    """The name of a file, a directory or another place; for argparse. An empty one comes of a variable that is not set,
    and must not mean the same as no option."""
    if not text.strip():
        raise argparse.ArgumentTypeError("names nothing")
    return text


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


# --- options -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Option:
    """One option or argument. settings: what argparse is told of it. instead_of: it excludes the options of the same
    name, and one of them must be given."""

    flag: str
    settings: Mapping[str, Any]
    instead_of: str = ""


def _option(flag: str, instead_of: str = "", /, **settings: Any) -> Option:
    return Option(flag, settings, instead_of)


def _effort(default: str) -> Option:
    told = f"how much is tried: half a minute, minutes, or as long as it is worth (default: {default})"
    return _option("--effort", choices=("quick", "standard", "deep"), default=default, help=told)


def _out(what: str) -> Option:
    return _option("--out", metavar="DIR", type=named, default="out", help=f"{what} (default: out)")


OPTIONS: Mapping[str, Option] = {
    "target": _option("--target", metavar="FILE", type=named, required=True, help="target file"),
    "target or none": _option(
        "--target",
        metavar="NAME|FILE",
        type=named,
        required=False,
        help="target file (default: the embedded emulator, started for the occasion)",
    ),
    "plain http": _option(
        "--allow-plain-http",
        action="store_true",
        help="allow http to other machines: signed calls can then be read on the way",
    ),
    "revision": _option(
        "--revision",
        choices=("2019", "2024"),
        help="edition of the reference page to judge by (default: 2024 where the endpoint is a real one, else 2019)",
    ),
    "effort": _effort("quick"),
    "workers": _option(
        "-n", dest="workers", metavar="WORKERS", type=positive, help="processes at work (default: what fits)"
    ),
    "json": _option("--json", action="store_true", help="print JSON instead of text"),
    "out": _out("directory of all runs"),
    "out of merge": _out("where the joined run is written"),
    "out of prove": _out("where the kill matrix is written"),
    "page": _option("--out", metavar="FILE.html", type=named, help="write the comparison as a page, too"),
    "seed": _option("--seed", metavar="N", type=seed, help="make the choices repeatable (default: a new one)"),
    "seed of prove": _option("--seed", metavar="S", type=seed, help="make the choices repeatable"),
    "deviations": _option(
        "--deviations", metavar="FILE", type=named, help="violations that are known, with owner and expiry"
    ),
    "first violation": _option("--first-violation", action="store_true", help="end at the first violation"),
    "strict": _option(
        "--strict",
        action="store_true",
        help="judge by the page alone: answers of the gateway and of sibling pages that real services give count, too",
    ),
    "requirement": _option(
        "-k",
        dest="requirement",
        metavar="REQUIREMENT",
        type=some,
        help="only these, such as E12 or E12,S01: what is for them is sent, and they alone decide the exit status",
    ),
    "calls": _option(
        "--calls",
        metavar="N",
        type=number_of_calls,
        help="spend at most N calls, set-up and clean-up included; what is expected to find most comes first",
    ),
    "shard": _option("--shard", metavar="I/N", type=shard, help="only this part of N; join them with merge"),
    "record": _option(
        "--record",
        metavar="FILE.json|DIR",
        type=named,
        help="keep what the target did, without what names the account, to compare other endpoints with it",
    ),
    "history": _option(
        "--history", metavar="FILE", type=named, help="append a line about this run, and draw the trend"
    ),
    "database": _option(
        "--database",
        metavar="WHERE",
        type=named,
        help="share counterexamples found: a directory, redis://HOST or github:OWNER/REPOSITORY",
    ),
    "watch": _option(
        "--watch",
        metavar="COMMAND",
        help="start your endpoint by this, and judge again when it was restarted, the last violations first",
    ),
    "last": _option("--last", metavar="DIR", help=argparse.SUPPRESS),
    "keep wire": _option(
        "--keep-wire",
        dest="keep_wire",
        choices=("none", "failures", "all"),
        default="all",
        help="which exchanges stay in wire.jsonl.gz: those that findings speak of, or all (default: all)",
    ),
    "dry run": _option("--dry-run", action="store_true", help="only say what would be removed"),
    "older than": _option("--older-than", metavar="AGE", type=age, help="only runs of that age, such as 2h, 30m or 0"),
    "evidence": _option("evidence", metavar="EVIDENCE.json", type=named),
    "judge only": _option(
        "--judge-only",
        action="store_true",
        help="send nothing: judge again what the evidence says was sent and seen, as the checks are now",
    ),
    "keep": _option(
        "--keep",
        action="store_true",
        help="build the world of a finding that one call shows, print the call as commands, and leave both",
    ),
    "call": _option("call", metavar="CALL.json", type=named, help="what `replay --keep` has written"),
    "python": _option("--python", action="store_true", help="as a Python program instead of a curl config"),
    "run a": _option("run_a", metavar="RUN_A", type=named, help="output directory, results.json or recording"),
    "run b": _option("run_b", metavar="RUN_B", type=named, help="output directory, results.json or recording"),
    "more runs": _option(
        "more", metavar="RUN", type=named, nargs="*", help="more of them: a table of all, side by side"
    ),
    "directories": _option("directories", metavar="DIR", type=named, nargs="+", help="output directory of a run"),
    "shards": _option("runs", metavar="DIR", type=named, nargs="+", help="output directories of the shards"),
    "only": _option("--only", metavar="CLASS|NAME", type=some, help="only these faults and variants"),
    "adversary": _option("--adversary", metavar="N", type=positive, help="N faults composed at random instead"),
    "sizes": _option(
        "--calls",
        metavar="N,N,...",
        type=numbers_of_calls,
        help="the share of the faults that runs of so many calls kill, and which tests it was that saw them first",
    ),
    "vendor page": _option("page", metavar="PAGE.md|api-docs.json", type=named),
    "from": _option("--from", "source", dest="run", metavar="RUN", type=named, help="output directory or results.json"),
    "check": _option("--check", "source", metavar="FILE", type=named, help="a deviations file"),
    "shell": _option("shell", choices=("bash", "zsh", "fish")),
    "rest": _option("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS),
}


# --- subcommands ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """One subcommand, done by `main` of its module. options: keys of OPTIONS. tail: what stands below the examples."""

    name: str
    module: str
    summary: str
    options: tuple[str, ...]
    examples: tuple[str, ...]
    tail: str = STATUSES


_TARGET = ("target", "plain http")
_TARGET_OR_NONE = ("target or none", "plain http")

COMMANDS = (
    Command(
        "run",
        "eni_conformance.conformance.run",
        "judge an endpoint and write the report",
        (
            *_TARGET_OR_NONE, "revision", "effort", "workers", "out", "seed", "deviations", "first violation", "strict",
            "requirement", "calls", "shard", "record", "history", "database", "watch", "last", "keep wire",
            "json",
        ),
        (
            "run",
            "run --effort quick -n 2",
            "run --target staging.toml --revision 2024 --seed 7",
            "run --target staging.toml -k ENI-DETACH-E11 --first-violation",
            "run --target account.toml --calls 1000",
            "run --target staging.toml --shard 1/4 --out shards",
            "run --target account.toml --record recordings/hangzhou.json",
            "run --deviations deviations.toml",
            "run --target staging.toml -k E12 --watch ./serve",
        ),
        TARGET_FILE + "\n" + STATUSES,
    ),
    Command(
        "doctor",
        "eni_conformance.harness.account.doctor",
        "can the target be reached, which callers work, what can be tried there, and what is missing",
        (*_TARGET, "revision", "json", "out"),
        ("doctor --target staging.toml", "doctor --target staging.toml --json"),
        TARGET_FILE,
    ),
    Command(
        "plan",
        "eni_conformance.conformance.plan",
        "what a run would do: calls, resources, minutes, money; nothing is created",
        (*_TARGET, "revision", "json", "out", "effort", "workers", "calls"),
        ("plan --target staging.toml", "plan --target account.toml --calls 1000 --json"),
        TARGET_FILE,
    ),
    Command(
        "janitor",
        "eni_conformance.harness.account.janitor",
        "remove what ended runs left on a target, and nothing else",
        (*_TARGET, "dry run", "older than", "json", "out"),
        (
            "janitor --target staging.toml --dry-run",
            "janitor --target staging.toml",
            "janitor --target staging.toml --older-than 2h",
        ),
        """\
What belongs to a run is known from its ledger below --out, and from the tags of the resources. Runs that are
alive on this machine are left alone; on a real account so are, for two hours, runs of other machines.

exit status: 0 nothing is left, 1 something could not be removed, 2 usage, 3 the target could not be used
""",
    ),
    Command(
        "replay",
        "eni_conformance.conformance.replay",
        "build the world of a counterexample again, send the call, and judge; exit 1 while it still fails",
        ("evidence", "judge only", "keep", *_TARGET_OR_NONE, "out"),
        (
            "replay out/latest/evidence/ENI-DETACH-E11-1.json",
            "replay out/latest/evidence/ENI-DETACH-E11-1.json --target other.toml",
            "replay out/latest/evidence/ENI-DETACH-E11-1.json --target other.toml --keep",
            "replay out/latest/evidence/ENI-DETACH-E11-1.json --judge-only",
        ),
    ),
    Command(
        "sign",
        "eni_conformance.conformance.sign",
        "print a call that `replay --keep` has left, freshly signed, for curl or Python",
        ("call", "python"),
        (
            "sign out/20260501-101500-a1b2/call.json",
            "sign out/20260501-101500-a1b2/call.json --python",
        ),
        "What it prints can be sent once: whoever reads it can make this call. So let it go into a pipe.\n",
    ),
    Command(
        "report",
        "eni_conformance.conformance.unfinished",
        "make the reports of a run again: of a finished one, of an interrupted one, of one that was killed",
        ("directories", "history"),
        ("report out/latest", "report out/20260501-101500-a1b2 --history history.jsonl"),
        "exit status: 0 every report was written, 2 a directory is no run, 3 a report could not be written",
    ),
    Command(
        "compare",
        "eni_conformance.reports.compare",
        "compare two runs, or the runs of two targets: violated, fixed, lost, answered otherwise, slower",
        ("run a", "run b", "more runs", "page"),
        (
            "compare out/2026-05-01 out/latest",
            "compare staging/results.json out/latest --out difference.html",
            "compare recordings/hangzhou.json out/latest",
            "compare staging/latest private/latest emulator/latest --out targets.html",
        ),
        """\
A recording (run --record) stands for the real service: then 1 also means that B answers some call otherwise.

exit status: 0 B is not worse than A, 1 it is, 2 a run cannot be read
""",
    ),
    Command(
        "merge",
        "eni_conformance.conformance.merge",
        "join the shards of a run into one result and one report",
        ("shards", "deviations", "out of merge"),
        ("merge shards/1 shards/2 shards/3 shards/4 --out out", "merge shards/* --deviations deviations.toml"),
    ),
    Command(
        "prove",
        "eni_conformance.conformance.prove",
        "show that the suite catches every built-in fault of the emulator, and blames no conforming variant",
        ("workers", "effort", "out of prove", "only", "adversary", "seed of prove", "sizes"),
        (
            "prove -n 2",
            "prove --effort quick --only refusal",
            "prove --adversary 150 --seed 7",
            "prove --calls 300,1000,3000 -n 2",
        ),
        "exit status: 0 all caught and nobody blamed, 1 not so, 2 usage, 4 ended early",
    ),
    Command(
        "drift",
        "eni_conformance.conformance.drift",
        "compare the contract with a vendor page or metadata file; exit 1 when they differ",
        ("vendor page", "revision", "json"),
        ("drift DetachNetworkInterface.md", "drift api-docs.json --revision 2024 --json"),
        "exit status: 0 no difference, 1 differences, 2 the file cannot be read",
    ),
    Command(
        "deviations",
        "eni_conformance.conformance.deviations",
        "write a draft of a deviations file from the violations of a run, or check one",
        ("from", "check"),
        ("deviations --from out/latest > deviations.toml", "deviations --check deviations.toml"),
        "exit status: 0 all is well, 1 an entry has expired, 2 the file or run cannot be read",
    ),
    Command(
        "completion",
        "eni_conformance.conformance.completion",
        "print a script that completes commands and options in your shell",
        ("shell",),
        ("completion bash > ~/.local/share/bash-completion/completions/eni-conformance", "completion fish"),
        "zsh: source <(eni-conformance completion zsh)",
    ),
    Command(
        "emulator",
        "",
        "start the embedded ECS endpoint; all further arguments are its own",
        ("rest",),
        (
            "emulator --port 9000",
            "emulator --port 0 --write-target emulator.toml",
            "emulator --list-faults",
            "emulator --fault NAME --settle-ms 200",
        ),
        "its first line is LISTENING http://127.0.0.1:PORT; Ctrl-C ends it",
    ),
)  # fmt: skip


def parser(version: str) -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog=PROG,
        description=OVERVIEW,
        epilog=STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"{PROG} {version}")
    added = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        examples = "\n".join(f"  {PROG} {line}" for line in command.examples)
        made = added.add_parser(
            command.name,
            help=command.summary,
            description=command.summary[0].upper() + command.summary[1:] + ".",
            epilog=f"examples:\n{examples}\n\n{command.tail}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        made.set_defaults(module=command.module)
        groups: dict[str, Any] = {}
        for option in map(OPTIONS.__getitem__, command.options):
            if option.instead_of and option.instead_of not in groups:
                groups[option.instead_of] = made.add_mutually_exclusive_group(required=True)
            groups.get(option.instead_of, made).add_argument(option.flag, **option.settings)
    return top
