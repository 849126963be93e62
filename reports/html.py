"""index.html: the run on one self-contained page.

The page is a view of results.json and the evidence files; it fetches nothing, and its content policy
forbids everything except its own style and script. It is complete without the script, which only filters,
sorts, copies and opens what a link points to. Every value is escaped, and characters that cannot be seen
or that reorder text are spelt out, because most of them come from the target.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from eni_conformance.contract.codec import plain
from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.results import MOST_SAMPLES, SEVERITIES, VERDICTS, Results, Samples
from eni_conformance.reports import card, causes, files, headline, history, reached, spent, svg, values, words, worlds
from eni_conformance.reports import evidence as ev
from markupsafe import Markup

_HERE = Path(__file__).parent
_BODY_LIMIT = 4000
_FEW_SAMPLES = {"latency": 20, "settle": 3}
_TITLES = {**values.FEATURES, "gateway": "Gateway (common errors)"}
GLYPHS = {
    "violated": "\u2715",
    "error": "!",
    "inconclusive": "?",
    "known-deviation": "\u25c6",
    "not-exercised": "\u2013",
    "conforms": "\u2713",
}


def write(out_dir: str | Path) -> Path:
    """Writes `index.html` into the output directory and returns its path. Raises OSError, ValueError."""
    out_dir = Path(out_dir)
    results = files.load(out_dir)
    items, unreadable = files.load_evidence(out_dir)
    page = render(results, items, unreadable, history.read(out_dir / history.LOCAL), str(out_dir))
    return files.write_text(out_dir / "index.html", page)


def render(
    results: Results,
    items: list[tuple[str, Evidence]],
    unreadable: list[tuple[str, str]] | None = None,
    past: list[history.Line] | None = None,
    where: str = "",
) -> str:
    """The whole page. where: the run's directory, as the commands name it."""
    found = causes.findings(results, items)
    names = {r.id: r.code or r.title or r.id for r in results.requirements}
    once, past = causes.seen_once(results, items), past or []
    also: dict[str, list[causes.Finding]] = {}
    for finding in (*found, *once):
        for ident in (finding.requirement_id, *finding.also):
            also.setdefault(ident, []).append(finding)
    head = headline.of(results)
    return document(
        "page.html.j2",
        title=f"{head.words} \u00b7 {results.target.name or results.target.endpoint} \u00b7 {results.run.id}",
        results=results,
        run=results.run,
        target=results.target,
        counts=results.counts(),
        state=head.state,
        headline=head.words,
        reason=head.reason,
        reached=headline.reached(results),
        bought=values.bought(results),
        where=where,
        target_file=values.target_file(results),
        findings=[f for f in found if f.verdict != "known-deviation"],
        known=[f for f in found if f.verdict == "known-deviation"],
        once=once,
        names=names,
        beside=values.first_screen(results),
        about_target=values.target(results),
        common_rows=values.common_rows(results),
        with_common=[r for r in results.requirements if r.by_common],
        findings_of=also,
        groups=[(kind, _TITLES.get(kind, kind), members) for kind, members in values.by_kind(results)],
        errors=[r for r in results.requirements if r.kind == "error"],
        heat=reached.heat(results.coverage.states) if results.coverage else None,
        tried=reached.tried(results.coverage.transitions) if results.coverage else (),
        latency=_distributions(results.latency, results.calls),
        settle=_distributions(results.settle, {}),
        duels=reached.duels(results.atlas or (), names),
        graph=svg.precedence(results.atlas or (), names),
        not_exercised=values.not_exercised(results),
        unreadable=unreadable or [],
        past=past,
        since=lambda requirement: values.since(past, requirement),
        forecast=spent.forecast(results),
        leases=spent.leases(results.cost),
        left_behind=spent.left_behind(results.cost),
        observation_groups=values.observation_groups(results),
    )


def document(template: str, **told: Any) -> str:
    """One of this package's pages, with its style, script and content policy."""
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        "default-src 'none'; "
        f"style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 - a file of this package
            script=Markup(script),  # noqa: S704 - a file of this package
            policy=policy,
            **told,
        )
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else words.visible(str(value)),
    )
    environment.filters.update(
        short=words.short,
        seconds=words.seconds,
        number=words.number,
        percent=words.percent,
        counted=words.counted,
        value=words.value_text,
        when=words.when,
        shown=values.shown,
        body=_body,
        tojson_plain=lambda value: json.dumps(plain(value, brief=True), indent=2, ensure_ascii=False),
        slug=words.slug,
        told=ev.told,
        together=ev.together,
        without=lambda text, code: text.removeprefix(f"{code}: ") if code else text,
    )
    environment.globals.update(
        svg=svg,
        common=values.common,
        verdicts=VERDICTS,
        glyphs=GLYPHS,
        severities=SEVERITIES,
        full=causes.FULL_FINDINGS,
        rows_per_finding=causes.ROWS_PER_FINDING,
        few=_FEW_SAMPLES,
        pair_matrix=reached.pair_matrix,
        changes=worlds.changes,
        worlds=worlds.worlds,
        lanes=lambda moments: svg.lanes(ev.lanes(moments)),
        others=ev.others,
        overlapping=ev.overlapping,
        reproductions=ev.reproductions,
        answer=ev.answer,
        answer_was_admissible=ev.answer_was_admissible,
        admitted=card.admitted,
        facts=card.facts,
        wrong_parts=card.wrong_parts,
        wrong_words=card.wrong_words,
        page_of=card.page,
        on_the_page=card.stands_on_the_page,
        who_says=card.who_says,
    )
    return environment


def _template(name: str) -> str:
    """A template without the indentation of its lines, which a page would repeat for each row and finding."""
    return re.sub(r"(?m)^[ \t]+", "", (_HERE / name).read_text(encoding="utf-8"))


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8").strip("\n") + "\n"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _distributions(groups: Mapping[str, Samples] | None, calls: Mapping[str, int]) -> list[dict[str, Any]]:
    """Each distribution with its picture. of: how many there were; of a long one only so many samples are kept."""
    out = []
    for name, times in (groups or {}).items():
        if times:
            out.append(
                {
                    "name": name,
                    "n": len(times),
                    "of": calls.get(name, 0) if len(times) == MOST_SAMPLES else 0,
                    "median": words.quantile(times, 0.5),
                    "p95": words.quantile(times, 0.95),
                    "max": max(times),
                    "picture": svg.histogram(times, words.short(name, 60)),
                }
            )
    return sorted(out, key=lambda entry: -entry["n"])


def _body(text: str | None) -> str:
    """A body for display, cut with a notice."""
    if not text:
        return "(empty)"
    if len(text) <= _BODY_LIMIT:
        return text
    return f"{text[:_BODY_LIMIT]}\n\u2026 {len(text) - _BODY_LIMIT} more characters in the evidence file"
