"""Draws docs/flow.svg: the parts of the suite, in the order of the flow, with the imports that join them.

    python docs/flow.py            write the picture
    python docs/flow.py --check    exit 1 if the picture is not that of the present imports

An arrow goes from the part that is imported to the part that imports it. What also follows from two arrows in a row is
left out, so that the picture can be read.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "flow.svg"
PLACE = {
    "contract": (20, 100),
    "strategies": (410, 20),
    "harness": (215, 180),
    "oracle": (410, 180),
    "reports": (605, 180),
    "conformance": (800, 100),
    "emulator": (20, 260),
}
"""Where the box of a part stands, in pixels."""
SAYS = {
    "contract": "the page as rows",
    "strategies": "worlds and calls, drawn",
    "harness": "plays a scenario, looks",
    "oracle": "judges a history",
    "reports": "shows results",
    "conformance": "the tests and the run",
    "emulator": "a second reading, alone",
}
WIDTH, HEIGHT = 160, 64


def imports() -> set[tuple[str, str]]:
    """(imported part, importing part)."""
    found: set[tuple[str, str]] = set()
    for part in PLACE:
        for file in (ROOT / part).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("eni_conformance"):
                    continue
                names = [node.module or ""] if "." in (node.module or "") else [f".{a.name}" for a in node.names]
                found |= {(name.split(".")[1], part) for name in names}
    return {(one, two) for one, two in found if one != two}


def direct(found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The imports that do not follow from others. Raises RecursionError where imports go in a circle."""

    def reaches(one: str, two: str) -> bool:
        return any(b == two or reaches(b, two) for a, b in found if a == one)

    return {(a, b) for a, b in found if not any(reaches(c, b) for x, c in found if x == a)}


def _arrow(one: str, two: str) -> str:
    (x1, y1), (x2, y2) = PLACE[one], PLACE[two]
    start, end = (x1 + WIDTH, y1 + HEIGHT / 2), (x2, y2 + HEIGHT / 2)
    middle = (start[0] + end[0]) / 2
    path = f"M{start[0]},{start[1]} C{middle},{start[1]} {middle},{end[1]} {end[0]},{end[1]}"
    return f'<path d="{path}" fill="none" stroke="#7a8899" stroke-width="2" marker-end="url(#end)"/>'


def picture() -> str:
    """The picture as SVG."""
    arrows = [_arrow(one, two) for one, two in sorted(direct(imports()))]
    boxes = [
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#eef3f8" stroke="#34495e"/>'
        f'<text x="{x + WIDTH / 2}" y="{y + 28}" font-weight="bold">{part}</text>'
        f'<text x="{x + WIDTH / 2}" y="{y + 48}" font-size="12">{SAYS[part]}</text>'
        for part, (x, y) in PLACE.items()
    ]
    marker = (
        '<defs><marker id="end" viewBox="0 0 6 6" refX="6" refY="3" markerWidth="10" markerHeight="10" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0,0 L6,3 L0,6 z" fill="#7a8899"/></marker></defs>'
    )
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 980 345" font-family="sans-serif" font-size="15">'
    background = '<rect width="980" height="345" fill="white"/><g text-anchor="middle">'
    return "\n".join([head, marker, background, *arrows, *boxes, "</g></svg>", ""])


def main(arguments: list[str]) -> int:
    """Write the picture, or compare it. Returns the exit status."""
    if arguments == ["--check"]:
        same = PICTURE.is_file() and PICTURE.read_text(encoding="utf-8") == picture()
        if not same:
            print("docs/flow.svg is not that of the present imports; run python docs/flow.py", file=sys.stderr)
        return 0 if same else 1
    PICTURE.write_text(picture(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
