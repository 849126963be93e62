"""What a sentence for people must not hold: shorthand of the judge, values of Python, names of classes, bad grammar."""

from __future__ import annotations

import builtins
import inspect
import re

from eni_conformance.oracle import findings

_CLASSES = [name for name, _ in inspect.getmembers(findings, inspect.isclass) if re.search("[a-z][A-Z]", name)]
_ERRORS = [name for name in dir(builtins) if name.endswith("Error")]
CODE = re.compile(
    r"None|[{}_\[\]]|\('|'\)|\(\)|\b(True|False)\b|(Timeout|Connection|Retry|Protocol)Error\b|"
    "although it breaks|does not hold|nothing recorded|" + "|".join(rf"\b{name}\b" for name in (*_CLASSES, *_ERRORS))
)
"""What only the code says, wherever it stands."""

_NAMED = re.compile(r"\?|\b(eni|i|sg|vsw|vpc)-\w|\b\d+(\.\d+)? m?s\b")
"""What differs from run to run: ids and times; and what is not known."""

_GRAMMAR = re.compile(r"\ba [aeio]|\ban [bcdfgjklmnpqrstvwxyz]|\.\.|  | [,.]|\b(\w+) \1\b")


def faults_of(sentence: str) -> list[str]:
    """What is wrong with a sentence of a finding; [] if it can be read."""
    found = [pattern.search(sentence) for pattern in (CODE, _NAMED, _GRAMMAR)]
    out = [match[0] for match in found if match]
    whole = sentence[:1].isupper() and sentence.endswith(".")
    return out if whole else [*out, "is no whole sentence"]
