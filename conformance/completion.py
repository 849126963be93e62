"""The subcommand `completion`: a script that completes commands, options and their values in a shell.

Made from the table of the command line (commands.py). What is a file is left to the shell; the emulator's options are
its own, and are not completed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eni_conformance.conformance.commands import COMMANDS, OK, OPTIONS, PROG, Command

FUNCTION = "_eni_conformance"


def main(args: Any) -> int:
    """Print the script for one shell."""
    print(SHELLS[args.shell](), end="")
    return OK


def flags(command: Command) -> list[str]:
    """The options of a command that its help shows."""
    shown = (OPTIONS[key] for key in command.options)
    return [one.flag for one in shown if one.flag.startswith("-") and one.settings.get("help") != "==SUPPRESS=="]


def values() -> dict[str, tuple[str, ...]]:
    """The options and arguments that have few values."""
    found: dict[str, tuple[str, ...]] = {}
    for one in OPTIONS.values():
        choices = tuple(map(str, one.settings.get("choices", ())))
        if choices:
            found[one.flag] = tuple(dict.fromkeys((*found.get(one.flag, ()), *choices)))
    return found


def bash() -> str:
    """For bash; also what zsh reads with its own bashcompinit."""
    lines = [
        f"{FUNCTION}() {{",
        "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=",
        "  case $before in",
    ]
    lines += [f"    {flag}) words='{' '.join(few)}' ;;" for flag, few in values().items() if flag.startswith("-")]
    lines += ["  esac", '  if [ -z "$words" ] && [ "$COMP_CWORD" = 1 ]; then']
    lines += [
        f"    words='{' '.join(one.name for one in COMMANDS)}'",
        '  elif [ -z "$words" ]; then',
        "    case ${COMP_WORDS[1]} in",
    ]
    lines += [f"      {one.name}) words='{' '.join((*flags(one), *_of_arguments(one)))}' ;;" for one in COMMANDS]
    lines += ["    esac", "  fi", '  COMPREPLY=($(compgen -W "$words" -- "$word"))', "}"]
    return "\n".join([*lines, f"complete -o default -F {FUNCTION} {PROG}", ""])


def _of_arguments(command: Command) -> tuple[str, ...]:
    """The values of a command's arguments."""
    few = values()
    return tuple(
        value for key in command.options for value in few.get(OPTIONS[key].flag, ()) if OPTIONS[key].flag[0] != "-"
    )


def zsh() -> str:
    """For zsh."""
    return f"autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n{bash()}"


def fish() -> str:
    """For fish."""
    named = " ".join(one.name for one in COMMANDS)
    lines = []
    for one in COMMANDS:
        told = one.summary.replace("'", "\\'")
        lines.append(f"complete -c {PROG} -f -n 'not __fish_seen_subcommand_from {named}' -a {one.name} -d '{told}'")
        for key in one.options:
            option = OPTIONS[key]
            few = " ".join(map(str, option.settings.get("choices", ())))
            inside = f"complete -c {PROG} -n '__fish_seen_subcommand_from {one.name}'"
            if option.flag in flags(one):
                kind = "-l" if option.flag.startswith("--") else "-s"
                takes = " -x" if few else "" if option.settings.get("action") == "store_true" else " -r"
                lines.append(f"{inside} {kind} {option.flag.lstrip('-')}{takes}" + (f" -a '{few}'" if few else ""))
            elif few:
                lines.append(f"{inside} -f -a '{few}'")
    return "\n".join([*lines, ""])


SHELLS: Mapping[str, Callable[[], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
