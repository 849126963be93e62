"""The cards of a finding: how the call was sent, which part of the answer is wrong, what was admissible. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from eni_conformance.contract.scenario import Probe, Scenario
from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.phrases import CALLERS
from eni_conformance.oracle.results import RequirementResult
from eni_conformance.reports.reproduce import decoded, split
from eni_conformance.reports.words import joined

SCHEMES = {"v1": "V1 (HMAC-SHA1)", "v3": "V3 (ACS3-HMAC-SHA256)"}

Part = Literal["status", "code", "message", "form", "effect", ""]

PARTS: Mapping[str, tuple[Part, ...]] = {
    "WronglyAccepted": ("status",),
    "Refused": ("status", "code"),
    "WrongAnswer": ("status", "code"),
    "WrongStatus": ("status",),
    "SignatureRefused": ("status", "code"),
    "Shape": ("form",),
    "OtherFormat": ("form",),
    "RepeatedId": ("form",),
    "Failed": ("status",),
    "NoAnswer": ("status",),
    "NotOffered": ("form",),
    "Gateway": ("status", "code"),
    "NotAttachedAgain": ("status", "code"),
    "AnotherForm": ("status", "code"),
    "MixedReadings": ("status", "code"),
    "Leak": ("status", "code"),
}
"""Class of finding -> the parts of the answer that are wrong; of the others the effect is what is wrong."""


def wrong_parts(evidence: Evidence, fine: bool) -> tuple[Part, ...]:
    """The parts of the answer that are wrong; ("effect",) where it is what the call did. fine: whether the answer is
    among the admissible ones, which decides where an older suite did not write down the class."""
    if evidence.kind:
        return _contradicted(evidence, PARTS.get(evidence.kind, ("effect",)))
    return ("effect",) if fine or not evidence.expected else ("status", "code")


def _contradicted(evidence: Evidence, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Of status and code only what no admissible answer has, where one of the two is right."""
    statuses = {str(one.status) for one in evidence.expected}
    if parts == ("status", "code") and str(evidence.observed.status) in statuses:
        return ("code",)
    return parts


def wrong_words(evidence: Evidence, parts: tuple[Part, ...]) -> str:
    """What is wrong with the answer, in a few words."""
    seen = evidence.observed
    if seen.outcome not in ("", "answered"):
        return "there is no whole answer"
    if "form" in parts:
        return "its form"
    if seen.status is not None and 200 <= seen.status < 300:
        return "it says that the call was carried out"
    return " and ".join(f"its {part}" for part in parts if part != "code" or seen.code) or "the answer"


def facts(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    """How the call was sent: caller, place of the parameters, format, signature, and what was tampered with."""
    if evidence.exchange is None:
        return ()
    sent = evidence.exchange.sent
    headers = {name.lower(): value for name, value in sent.headers}
    query = decoded(split(sent.url)[1])
    form = decoded(sent.body or "") if "form-urlencoded" in headers.get("content-type", "") else []
    own = {name for name, _ in sent.pairs}
    places = [where for where, pairs in (("query", query), ("form body", form)) if own & {name for name, _ in pairs}]
    wanted = dict(query + form).get("Format", "")
    if not wanted:
        accept = headers.get("accept", "")
        wanted = "JSON, by the Accept header" if "json" in accept else "not said, which means XML"
    out = [
        ("Caller", CALLERS.get(sent.caller or "account", sent.caller)),
        ("Parameters in", " and ".join(places) or "query"),
        ("Format", wanted),
        ("Signature", SCHEMES.get(sent.signing, sent.signing or "V1 (HMAC-SHA1)")),
    ]
    return (*out, *(("Tampered with", words) for words in tampering(evidence)))


def tampering(evidence: Evidence) -> tuple[str, ...]:
    """The probe of the gateway that the call is, () if it is none."""
    if evidence.kind == "Gateway" and evidence.about:
        return (evidence.about[0],)
    step = evidence.step
    if isinstance(evidence.scenario, Scenario) and step is not None and 0 <= step < len(evidence.scenario.steps):
        one = evidence.scenario.steps[step]
        return (one.name,) if isinstance(one, Probe) else ()
    return ()


@dataclass(frozen=True)
class Admitted:
    """Answers that were admissible for one reason. first: those of the page; others: the rest, by status and code."""

    because: str
    first: tuple[str, ...]
    others: tuple[str, ...]
    requirements: tuple[str, ...]


_NAMED = 3


def admitted(evidence: Evidence) -> tuple[Admitted, ...]:
    """The admissible answers by their reason."""
    groups: dict[str, tuple[list[str], list[str]]] = {}
    for entry in evidence.expected:
        answers, ids = groups.setdefault(entry.because or "", ([], []))
        answers.append(joined(entry.status, entry.code) or "any")
        ids.append(entry.requirement or "")
    out = []
    for because, (answers, ids) in groups.items():
        told = tuple(dict.fromkeys(answers))
        out.append(Admitted(because, told[:_NAMED], told[_NAMED:], tuple(dict.fromkeys(filter(None, ids)))))
    return tuple(out)


@dataclass(frozen=True)
class Page:
    """An edition of the vendor's reference page: its revision, when it was read, and where."""

    revision: str
    date: str
    address: str


PAGES: Mapping[str, Page] = {
    "2019": Page("2019", "2019-06", "https://github.com/AlibabaCloudDocs/ecs"),
    "2024": Page("2024", "2024-12-31", "https://www.alibabacloud.com/help/en/ecs/api-detachnetworkinterface"),
}
"""Revision -> the page. Source: the copy of the page that the contract was written from, and its later form."""


def page(revision: str | int | None) -> Page | None:
    """The edition that a run was judged by."""
    return PAGES.get(str(revision or ""))


SOURCES = {
    "common": "the vendor's page of public parameters and common errors",
    "sdk": "what the official SDKs send and parse",
    "reading": "a reading of ours, as loose as the page leaves it",
}


def who_says(source: str | None) -> str:
    """Who says so, in words, where it is not the page itself."""
    told = source or ""
    return SOURCES.get(told, told.replace("reading: ", "a reading of ours: "))


def stands_on_the_page(requirement: RequirementResult | None) -> bool:
    """Whether a requirement is a sentence of the page itself."""
    return requirement is not None and (requirement.source or "page").startswith("page")
