"""index.html without a browser: self-contained, escaped, whole, small, and honest about what is missing."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
import report_samples
from eni_conformance.oracle.results import parse
from eni_conformance.reports import causes, files, html, write_all
from eni_conformance.reports.card import PAGES

NAMES = list(report_samples.SAMPLES)
_VOID = {"meta", "link", "input", "br", "hr", "col"}


class _Page(HTMLParser):
    """What the tests look at: tags with attributes, ids, and the text of style and script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"style": [], "script": []}
        self.open = ""
        self.words: list[str] = []
        self.stack: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open = tag if tag in self.raw else ""
        if tag not in _VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.open = ""
        if not self.stack or self.stack.pop() != tag:
            self.unbalanced.append(f"{tag} at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if self.open:
            self.raw[self.open].append(data)
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def attribute(self, name: str) -> list[str]:
        return [value or "" for _, attrs in self.tags for key, value in attrs.items() if key == name]


VENDOR = [one.address for one in PAGES.values()]
"""Addresses of the vendor's pages: named for a reader, loaded by nobody."""


def _read(out: Path) -> tuple[str, _Page]:
    text = (out / "index.html").read_text(encoding="utf-8")
    return text, _Page(text)


@pytest.mark.parametrize("name", NAMES)
def test_self_contained_under_a_strict_policy(name: str, runs: dict[str, Path]) -> None:
    _, page = _read(runs[name])
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        (content,) = ["".join(page.raw[kind])]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
        assert sum(tag == kind for tag, _ in page.tags) == 1
    assert not page.attribute("style")
    assert not [key for _, attrs in page.tags for key in attrs if key.startswith("on")]
    assert not {tag for tag, _ in page.tags} & {"img", "iframe", "object", "embed", "base", "audio", "video"}
    assert not page.attribute("src")
    for address in page.attribute("href"):
        assert address.startswith(("#", "evidence/")) or address in ("data:,", *VENDOR)


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_and_links_lead_somewhere(name: str, runs: dict[str, Path]) -> None:
    _, page = _read(runs[name])
    ids = page.attribute("id")
    assert [i for i, n in Counter(ids).items() if n > 1] == []
    assert page.unbalanced == page.stack == []
    for address in page.attribute("href"):
        if address.startswith("#"):
            assert address[1:] in ids
        elif address.startswith("evidence/"):
            assert (runs[name] / address).is_file()
    for name_of in ("aria-labelledby",):
        assert set(page.attribute(name_of)) <= set(ids)


def test_every_requirement_has_a_deep_link(runs: dict[str, Path]) -> None:
    _, page = _read(runs["violated"])
    wanted = {r.id for r in files.load(runs["violated"]).requirements}
    assert wanted <= set(page.attribute("id"))
    assert "ENI-DETACH-E11" in wanted


def test_hostile_text_stays_text(runs: dict[str, Path]) -> None:
    text, page = _read(runs["hostile"])
    assert "window.owned=1" in page.text
    assert "<img" not in text
    assert "window.owned" not in "".join(page.raw["script"])
    assert "{{7*7}}" in page.text
    for char in ("\u202e", "\x00", "\x1b"):
        assert char not in text
    assert "\u27e8U+202E\u27e9" in page.text


def test_sizes(runs: dict[str, Path]) -> None:
    limits = {"passing": 300_000, "violated": 400_000, "incomplete": 300_000, "huge": 1_000_000}
    for name, limit in limits.items():
        assert (runs[name] / "index.html").stat().st_size < limit


def test_verdict_and_reason_come_first(runs: dict[str, Path]) -> None:
    for name, first in (
        ("passing", "Nothing violated, but 2 of 51 requirements undecided"),
        ("violated", "Not fit for release: 6 of 51 requirements violated"),
        ("incomplete", "Ended early: nothing violated so far, but 34 of 51 requirements undecided"),
    ):
        _, page = _read(runs[name])
        assert first in page.text[:900]
    assert "interrupted after 31 s" in _read(runs["incomplete"])[1].text
    assert "the rule reboot of the state machine never fired" in _read(runs["violated"])[1].text


def test_a_finding_tells_the_whole_story(runs: dict[str, Path]) -> None:
    text, _ = _read(runs["violated"])
    start = text.index('<article class="finding violated" id="finding-E12-3f09a1"')
    story = _Page(text[start : text.index("</article>", start)]).text
    for part in (
        "the primary interface was detached",
        "4 failures of this cause",
        "again 10 of 10",
        "ENI-DETACH-E12 Refuses the primary interface",
        "section \u201cError codes\u201d",
        "GET DetachNetworkInterface",
        "eni-bp1aa00",
        "the named interface is the primary one",
        "Terraform provider alicloud",
        "Vendor page, revision 2019 of 2019-06",
        "World before the call",
        "World after the call",
        "not attached",
        "was InUse Available",
        "evidence/E12-3f09a1.json --target target.toml",
        "Minimal counterexample",
        "E12-3f09a2",
    ):
        assert part in story
    race = text[text.index('id="finding-M03-5be774"') :]
    assert "what is wrong is what happened." in race
    assert "what is wrong is what happened." not in story
    assert "no serial order admits this" in race
    assert 'class="lanes"' in race


def test_a_long_history_keeps_its_end_in_sight(tmp_path: Path) -> None:
    data, items = report_samples.violated()
    items = [item for item in items if item["history"]]
    items[0]["history"] = [{"n": n, "step": f"step {n}", "note": "", "status": 200} for n in range(1, 61)]
    out = report_samples.write(tmp_path, (data, items))
    html.write(out)
    text, _ = _read(out)
    assert "The 50 steps before" in text
    assert text.index("step 50<") < text.index("</details>", text.index("The 50 steps before")) < text.index("step 51<")
    assert "step 1<" in text


def test_findings_are_grouped_and_ranked(runs: dict[str, Path]) -> None:
    results = files.load(runs["violated"])
    items = files.load_evidence(runs["violated"])[0]
    found = causes.findings(results, items)
    assert [f.requirement_id.removeprefix("ENI-DETACH-") for f in found] == ["E12", "X01", "E14", "R02", "F03", "M03"]
    assert [f.seen for f in found] == [4, 1, 1, 1, 1, 1]
    huge = causes.findings(files.load(runs["huge"]), files.load_evidence(runs["huge"])[0])
    assert sum(f.seen for f in huge) == 299
    assert len(huge) == 31


def test_violated_without_a_file_is_shown(tmp_path: Path) -> None:
    data, _ = report_samples.violated()
    out = report_samples.write(tmp_path, (data, []))
    html.write(out)
    _, page = _read(out)
    assert page.text.count("No evidence file of this violation was stored.") == 6


def test_unreadable_evidence_is_named_not_fatal(tmp_path: Path) -> None:
    out = report_samples.write(tmp_path, report_samples.violated())
    (out / "evidence" / "E12-3f09a1.json").write_text('{"half": ')
    assert write_all(out).problems == {}
    assert "1 evidence file could not be read: E12-3f09a1.json" in _read(out)[1].text


def test_only_the_fixed_part_is_enough(tmp_path: Path) -> None:
    results = parse({"run": {"id": "x"}, "requirements": [{"id": "A", "verdict": "conforms", "judged": 1}]})
    page = _Page(html.render(results, []))
    assert "Coverage" not in page.text
    assert "Ended early: nothing violated so far" in page.text
    empty = _Page(html.render(parse({"run": {"id": "x", "exit": 0}}), []))
    assert "Nothing was judged" in empty.text


def test_one_failing_report_does_not_take_the_others_along(tmp_path: Path) -> None:
    out = report_samples.write(tmp_path, report_samples.violated())
    (out / "allure-results").write_text("in the way")
    written = write_all(out)
    assert set(written.problems) == {"allure"}
    assert set(written.paths) == {"badge", "junit", "html"}
    shutil.rmtree(out)
    assert set(write_all(out).problems) == {"allure", "badge", "html", "junit"}


def test_trend(past: Path) -> None:
    text, page = _read(past)
    assert "The last 2 runs of this target" in page.text
    assert "2 runs: 1 inconclusive, 1 violated; the last one violated" in text
    assert page.text.count("new in this run") == 6


def test_same_input_same_page(runs: dict[str, Path]) -> None:
    before = (runs["violated"] / "index.html").read_bytes()
    html.write(runs["violated"])
    assert (runs["violated"] / "index.html").read_bytes() == before


def test_huge_values_do_not_make_the_page_huge(tmp_path: Path) -> None:
    """Hostile calls carry values of a megabyte; a page of them stays small and still says how to repeat them."""
    data, items = report_samples.violated()
    for item in items:
        item["exchange"]["sent"]["pairs"].append(["OwnerAccount", "x" * 1_000_000])
        item["exchange"]["sent"]["url"] += "?OwnerAccount=" + "x" * 1_000_000
        item["exchange"]["body"] = item["summary"] = "y" * 1_000_000
        item["scenario"]["name"] = "z" * 1_000_000
    out = report_samples.write(tmp_path, (data, items))
    assert write_all(out).problems == {}
    text, _ = _read(out)
    assert len(text) < 500_000
    assert sum(path.stat().st_size for path in (out / "allure-results").iterdir()) < 5_000_000
    assert (out / "junit.xml").stat().st_size < 200_000


def test_json_in_the_page_is_nowhere_code(runs: dict[str, Path]) -> None:
    """No data travel inside the script: its text is the file's, byte for byte."""
    _, page = _read(runs["hostile"])
    source = (Path(html.__file__).parent / "page.js").read_text(encoding="utf-8")
    assert "".join(page.raw["script"]) == source
    assert json.dumps("window.owned") not in source
