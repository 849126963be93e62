"""`replay --keep`: the world of a finding that one call shows, built and left, and that call as commands.

The world stays until `eni-conformance janitor` removes it; the commands sign afresh each time.
"""

from __future__ import annotations

import json
from pathlib import Path

from eni_conformance.conformance import sign, study, worker
from eni_conformance.conformance.commands import OK, UNUSABLE
from eni_conformance.conformance.inquiry import Inquiry
from eni_conformance.contract import codec
from eni_conformance.contract.gateway import PROBES
from eni_conformance.contract.scenario import Detach, Probe, Scenario
from eni_conformance.harness import ecs
from eni_conformance.harness.bench import arrange
from eni_conformance.harness.bench.pool import NotArranged
from eni_conformance.harness.history import Arranged
from eni_conformance.harness.texts import Texts, fit
from eni_conformance.reports.reproduce import aliyun, shell_quote, unlike_aliyun

CALL = "call.json"


def keep(begun: study.Study, scenario: Scenario) -> int:
    """Build the world, print what is in it and how to send the call. Returns the exit status."""
    inquiry = worker.join(
        begun.plan, begun.run_id, begun.folder, begun.target_file, "keep", 1, begun.capabilities
    )  # fmt: skip
    try:
        arranged = arrange.arrange(inquiry.stage.bench, scenario.world, scenario.creates)
    except (NotArranged, ecs.SetupError) as reason:
        print(f"the world cannot be built here: {reason}")
        worker.leave(inquiry)
        return UNUSABLE
    if arranged.racing:
        print("its state passes by while you read this; repeat it with `replay` alone")
        worker.leave(inquiry)
        return UNUSABLE
    call = the_call(inquiry, scenario, arranged, str(begun.target_file.resolve()), begun.plan.allow_plain_http)
    path = begun.folder / CALL
    path.write_text(json.dumps(codec.plain(call), indent=1) + "\n")
    for line in told(call, arranged, path, begun.target.endpoint, begun.target.region):
        print(line)
    return OK


def the_call(inquiry: Inquiry, scenario: Scenario, arranged: Arranged, target: str, plain_http: bool) -> sign.KeptCall:
    """The scenario's one call with the ids of the world."""
    bench = inquiry.stage.bench
    (step,) = scenario.steps
    assert isinstance(step, Detach | Probe)
    made, texts = fit(bench.session.target.offers, step.call), Texts(bench, arranged)
    name = step.name if isinstance(step, Probe) else ""
    asked = texts.of_probe(PROBES[name], made) if name else texts.resolve(made)
    skew = bench.session.client.skew
    pairs = tuple((p.name, p.text) for p in asked.params)
    return sign.KeptCall(target, made.caller, pairs, made.wire, name, skew, plain_http)


def told(call: sign.KeptCall, arranged: Arranged, path: Path, endpoint: str, region: str) -> list[str]:
    """The ids, and the commands, line by line."""
    signed = f"eni-conformance sign {shell_quote(str(path))}"
    out = [
        f"instances   {' '.join(arranged.instances)}",
        f"interfaces  {' '.join((*arranged.enis, *filter(None, arranged.primaries)))}",
        "",
        f"curl     {signed} | curl -sS -i -K -",
        f"Python   {signed} --python | python3 -",
    ]
    if not call.probe:
        out += [
            f"aliyun   {line}"
            for line in aliyun(call.pairs, endpoint, method=call.wire.method, region=region).splitlines()
        ]
        out += [f"         (with the AccessKey of the caller {call.caller})"]
        if other := unlike_aliyun(call.wire):
            out += [f"         (it sends a query signed with V1, and asks for JSON; this was seen with {other})"]
    ends = f"eni-conformance janitor --target {shell_quote(call.target)} --out {shell_quote(str(path.parent.parent))}"
    return [*out, "", f"it stays until: {ends} --older-than 0"]
