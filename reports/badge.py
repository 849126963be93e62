"""badge.svg: the outcome of a run as a small picture, for a README or a dashboard; made here, loads nothing. Pure."""

from __future__ import annotations

from pathlib import Path

from eni_conformance.oracle.results import Results
from eni_conformance.reports import files, headline
from markupsafe import escape

NAME = "DetachNetworkInterface"
COLOURS = {"violated": "#b42318", "error": "#6f2da8", "inconclusive": "#8a5200", "conforms": "#17703a"}
_CHARACTER = 6.6
"""Width of a character, on average."""


def write(out_dir: str | Path) -> Path:
    """Writes `badge.svg` into the output directory and returns its path. Raises OSError, ValueError."""
    out_dir = Path(out_dir)
    return files.write_text(out_dir / "badge.svg", render(files.load(out_dir)))


def words(results: Results) -> str:
    """The outcome in a few words."""
    counts, total, head = results.counts(), len(results.requirements), headline.of(results)
    part = "part: " if head.narrowed else ""
    if counts["violated"]:
        return f"{part}{counts['violated']} violated"
    if head.state == "conforms":
        return f"{part}{counts['conforms']} of {total} conform"
    undecided = total - counts["conforms"] - counts["known-deviation"]
    return f"{part}{undecided} of {total} undecided" if counts["conforms"] else "nothing judged"


def render(results: Results) -> str:
    """The picture."""
    told, colour = words(results), COLOURS[headline.of(results).state]
    left, right = (round(_CHARACTER * len(text) + 14) for text in (NAME, told))
    label = escape(f"{NAME}: {told}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{label}">'
        f"<title>{label}</title>"
        f'<rect width="{left + right}" height="20" rx="3" fill="#3d4653"/>'
        f'<path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{right - 3}z" fill="{colour}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="7" y="14" textLength="{left - 14}">{NAME}</text>'
        f'<text x="{left + 7}" y="14" textLength="{right - 14}">{escape(told)}</text></g></svg>\n'
    )
