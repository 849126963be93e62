"""Writes the pages of the documentation site: docs/ and the pages beside it, and catalogues made from the code.

    python docs/site.py build/site/pages     then mkdocs build --strict (`make site` does both)

Each catalogue is what the code says today, so none can be out of date: requirements and the answers that they admit,
kinds of findings, the emulator's faults and variants, and the command line.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BESIDE = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md",
          "SECURITY.md": "security.md"}  # fmt: skip
"""Pages outside docs/, and their names on the site."""


def main() -> int:
    """Write all pages into a directory, which is emptied first."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for path in sorted((ROOT / "docs").iterdir()):
        if path.suffix == ".md":
            (out / path.name).write_text(moved(path.read_text(), "docs/"))
        elif path.suffix in (".png", ".svg"):
            shutil.copy(path, out / path.name)
    shutil.copytree(ROOT / "docs" / "ci", out / "ci")
    for name, page in BESIDE.items():
        (out / page).write_text(moved((ROOT / name).read_text(), ""))
    for page, write in CATALOGUES.items():
        (out / page).write_text(write())
    return 0


def moved(text: str, folder: str) -> str:
    """A page with its links as they are on the site. folder: where the page stands in the repository."""

    def place(match: re.Match[str]) -> str:
        target, _, anchor = match[2].partition("#")
        whole = Path(folder, target).as_posix()
        whole = re.sub(r"[^/]+/\.\./", "", whole)
        new = BESIDE.get(whole, whole.removeprefix("docs/"))
        return f"{match[1]}({new}{'#' + anchor if anchor else ''})"

    return re.sub(r"(\[[^]]*\])\((?!https?:|#)([^)\s]+)\)", place, text)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def requirements() -> str:
    """Every requirement of both revisions, with the answers that the page admits where a rule is broken."""
    from eni_conformance.contract.detach import CONTRACTS, full_id

    kills: Mapping[str, int] = json.loads((ROOT / "conformance" / "kills.json").read_text())
    text = (
        "# Requirements\n\nOne for each sentence or row of the page that can be tested. An id never changes. *Faults* "
        "counts the emulator's built-in faults that the checks of a requirement catch in `eni-conformance prove`.\n"
    )
    for revision, operation in CONTRACTS.items():
        text += f"\n## Revision {revision}\n\n"
        rows = []
        for short, one in operation.requirements.items():
            answer = f"{one.http or ''} {one.code or ''}".strip()
            rows.append((f"`{full_id(short)}`", one.title, one.kind, f"`{answer}`" if answer else "", one.needs,
                         one.source, str(kills.get(short, ""))))  # fmt: skip
        text += table(("id", "what must hold", "kind", "answer", "needs", "who says so", "faults"), rows)
    text += "\n## What a broken rule admits\n\n"
    text += "The page orders no two errors: of several broken rules, each one's answers are admissible.\n\n"
    operation = CONTRACTS["2019"]
    admitted = [
        (name, ", ".join(f"`{one.http} {one.code}`" + (f" ({one.table})" if one.table != "page" else "")
                         for one in operation.refusals(name)))
        for name in operation.rules
    ]  # fmt: skip
    return text + table(("rule", "admissible refusals"), admitted)


def findings() -> str:
    """Every kind of finding, with what it means."""
    from eni_conformance.oracle import findings as kinds

    classes = [one for one in vars(kinds).values() if isinstance(one, type) and issubclass(one, kinds.Finding)]
    rows = []
    for one in classes:
        if one is not kinds.Finding:
            told = " ".join((one.__doc__ or "").split("\n\n")[0].split())
            rows.append((f"`{one.__name__}`", one.title, told, "yes" if one.failure else ""))
    text = "# Findings\n\nThe kinds of contradiction between an endpoint and the page. "
    text += "*Failure*: the endpoint failed to answer as a service does.\n\n"
    return text + table(("kind", "title", "meaning", "failure"), rows)


def listed(option: str) -> list[dict[str, Any]]:
    """What the emulator says that it has."""
    command = [sys.executable, "-m", "eni_conformance.emulator", option, "--json"]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - this interpreter
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def faults() -> str:
    """Every built-in fault and variant of the emulator."""
    wrong = [(f"`{one['name']}`", one["class"], one["trigger"], one["description"]) for one in listed("--list-faults")]
    lawful = [(f"`{one['name']}`", one["touches"], one["description"]) for one in listed("--list-variants")]
    return (
        f"# Faults and variants\n\n`eni-conformance emulator --fault NAME` has one of these {len(wrong)} faults, each "
        "of which the suite catches; with `--variant NAME` it behaves otherwise, and lawfully.\n\n## Faults\n\n"
        + table(("name", "class", "when", "what is wrong"), wrong)
        + "\n## Variants\n\n"
        + table(("name", "touches", "what is otherwise"), lawful)
    )


def command_line() -> str:
    """The help of every command."""
    from eni_conformance.conformance.commands import parser

    top = parser("")
    (commands,) = (one for one in top._actions if isinstance(one, argparse._SubParsersAction))
    text = "# The command line\n"
    for name, one in commands.choices.items():
        one.formatter_class = lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=100)
        text += f"\n## {name}\n\n```text\n{one.format_help()}```\n"
    return text


CATALOGUES: Mapping[str, Callable[[], str]] = {
    "requirements.md": requirements, "findings.md": findings, "faults.md": faults, "command-line.md": command_line,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
