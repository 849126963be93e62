"""Invented but realistic results of runs, to build and test reports without a run.

python -m tests.reports.report_samples DIR      writes them all, with their reports, under DIR
"""

from __future__ import annotations

import copy
import json
import random
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.results import Results
from eni_conformance.reports import files, history, write_all

ERRORS = [
    (403, "InvalidUserType.NotSupported", "an account type the operation does not serve"),
    (403, "Abs.InvalidAccount.NotFound", "an account that is gone, or an expired AccessKey"),
    (400, "MissingParameter", "a required parameter is left out"),
    (403, "Forbidden.NotSupportRAM", "a RAM user of a kind the operation refuses"),
    (400, "UnsupportedParameter", "a parameter the endpoint was told to refuse"),
    (403, "Forbidden.SubUser", "a RAM user without the permission"),
    (400, "InvalidParameter", "a parameter in a wrong form"),
    (400, "InvalidInstanceID.Malformed", "an instance id that cannot be one"),
    (400, "InvalidOperation.InvalidRegion", "a region that does not exist"),
    (400, "InvalidOperation.InvalidEcsState", "an instance neither Running nor Stopped"),
    (400, "InvalidOperation.InvalidEniState", "an interface neither InUse nor Detaching"),
    (400, "InvalidOperation.DetachPrimaryEniNotAllowed", "the primary interface"),
    (404, "InvalidEcsId.NotFound", "an instance that does not exist"),
    (404, "InvalidEniId.NotFound", "an interface that does not exist"),
    (404, "InvalidVSwitchId.NotFound", "the interface's vSwitch is gone"),
    (404, "InvalidSecurityGroupId.NotFound", "the interface's security group is gone"),
    (403, "EniPerInstanceLimitExceeded", "more interfaces than the instance type allows"),
    (403, "InvalidOperation.AvailabilityZoneMismatch", "interface and instance in different zones"),
    (403, "InvalidOperation.VpcMismatch", "interface and security group in different VPCs"),
    (403, "SecurityGroupInstanceLimitExceed", "a security group over its limit"),
    (403, "InvalidSecurityGroupId.NotVpc", "a security group of the classic network"),
    (403, "InvalidOperation.InvalidEniType", "an interface type the operation does not serve"),
    (400, "Forbidden.RegionId", "a region that does not offer the operation"),
    (400, "InvalidParams.EniId", "an interface id that cannot be one"),
]
OTHERS = [
    ("P01", "parameter", "RegionId, InstanceId and NetworkInterfaceId are each required", "Request parameters"),
    ("P02", "parameter", "Action names the operation and is matched exactly", "Request parameters"),
    ("P03", "parameter", "OwnerAccount is optional and changes nothing for the owner", "Request parameters"),
    ("P04", "parameter", "An identifier denotes a resource only byte for byte", "Request parameters"),
    ("P05", "parameter", "Unknown parameters never change the outcome for the resource", "Request parameters"),
    ("S01", "state", "An interface that is InUse can be detached", "Description"),
    ("S02", "state", "A detach of an interface that is Detaching is admissible and harmless", "Description"),
    ("S03", "state", "The instance must be Running or Stopped", "Description"),
    ("S04", "state", "A primary interface is never detached, in any state", "Description"),
    ("R01", "response", "A success answers 200 with a RequestId", "Response parameters"),
    ("R02", "response", "Every answer carries a well-formed RequestId that is never repeated", "Response parameters"),
    ("R03", "response", "Errors name Code, Message, RequestId and HostId", "Error codes"),
    ("R04", "response", "The Message is text for people, not a template or a stack trace", "Error codes"),
    ("R05", "response", "Format selects JSON or XML", "Examples"),
    ("F01", "effect", "A success detaches exactly the named interface", "Description"),
    ("F02", "effect", "A refusal changes nothing", "Description"),
    ("F03", "effect", "A detached interface keeps its addresses, groups, tags and name", "Description"),
    ("F04", "effect", "A detached interface can be attached again", "Description"),
    ("F05", "effect", "The interface becomes Available and stays so", "Description"),
    ("M01", "relation", "GET and POST give the same outcome", "Examples"),
    ("M02", "relation", "The order of parameters does not matter", "Examples"),
    ("M03", "relation", "Parallel calls can be explained by some serial order", "Description"),
    ("G01", "gateway", "A wrong signature is refused", "Common errors"),
    ("G02", "gateway", "A nonce is accepted once", "Common errors"),
    ("G03", "gateway", "A time stamp outside the window is refused", "Common errors"),
    ("X01", "robustness", "No input makes the endpoint answer 5xx, hang or hang up", "Response parameters"),
    ("X02", "robustness", "Hostile text is never echoed unescaped", "Error codes"),
]
INSTANCE = ["Pending", "Starting", "Running", "Stopping", "Stopped"]
ENI = ["Available", "Attaching", "InUse", "Detaching", "Deleting"]


def requirements(rng: random.Random, calls: int = 4000) -> list[dict[str, Any]]:
    """All requirements of a run in which nothing was violated."""
    out: list[dict[str, Any]] = []

    def entry(ident: str, kind: str, title: str, section: str, http: int | None, code: str | None, how: str) -> None:
        judged = rng.randint(max(3, calls // 150), max(9, calls // 30))
        out.append(
            {
                "id": f"ENI-DETACH-{ident}",
                "title": title,
                "kind": kind,
                "http": http,
                "code": code,
                "verdict": "conforms",
                "reason": "",
                "judged": judged,
                "provoked": max(1, judged // 2),
                "evidence": [],
                "section": section,
                "source": "page",
                "severity": rng.choice(["critical", "normal", "normal", "minor"]),
                "strength": {
                    "bound": round(3 / judged, 4),
                    "worlds": rng.randint(3, 60),
                    "callers": rng.randint(1, 4),
                    "wire_forms": rng.randint(2, 16),
                    "faults_killed": rng.randint(1, 9),
                    "unproven": False,
                },
                "how": how,
                "missing": "",
            }
        )

    for n, (http, code, what) in enumerate(ERRORS, 1):
        how = "control protocol" if n in (1, 4, 5, 15, 16, 17, 18, 19, 20, 21, 22, 23) else "public operations"
        entry(f"E{n:02}", "error", f"Refuses {what}", "Error codes", http, code, how)
    for ident, kind, title, section in OTHERS:
        entry(ident, kind, title, section, None, None, "")
    for item, missing in (
        ("ENI-DETACH-E17", "the control capability instance.eni_limit"),
        ("ENI-DETACH-E23", "the control capability region.feature"),
    ):
        found = next(r for r in out if r["id"] == item)
        found.update(verdict="not-exercised", judged=0, provoked=0, reason=f"this target lacks {missing}")
        found.update(missing=missing, strength=None)
    next(r for r in out if r["id"] == "ENI-DETACH-M02")["strength"].update(faults_killed=0, unproven=True)
    return out


def results(run: str = "20261124-101500-a1b2", seed: int = 7, calls: int = 4000) -> dict[str, Any]:
    """results.json of a run in which nothing was violated."""
    rng = random.Random(seed)
    states = []
    for instance in INSTANCE:
        for eni in ENI:
            for attachment in ("this instance", "another instance", "none"):
                possible = (eni == "Available") == (attachment == "none")
                judged = rng.choice([0, 3, 12, 40, 120]) if possible else 0
                note = "" if possible else "cannot exist"
                if possible and not judged:
                    note = "passed by too fast to be held"
                states.append(
                    {"instance": instance, "eni": eni, "attachment": attachment, "judged": judged, "note": note}
                )
    dimensions = ["method", "format", "signing", "caller", "instance", "eni", "attachment", "id form"]
    codes = [f"ENI-DETACH-E{n:02}" for n in (6, 3, 8, 24, 13, 14, 12, 10, 11)]
    atlas = [
        {
            "a": a,
            "b": b,
            "winner": a if rng.random() < 0.93 else b,
            "stable": rng.random() < 0.96,
            "n": rng.randint(3, 12),
        }
        for i, a in enumerate(codes)
        for b in codes[i + 1 :]
        if rng.random() < 0.9
    ]

    def times(median: float, n: int) -> list[float]:
        return [round(rng.lognormvariate(0, 0.5) * median, 5) for _ in range(n)]

    many = min(2000, calls // 3)
    return {
        "schema": 1,
        "suite": {"name": "eni-conformance", "version": "0.1.0", "contract": "2019"},
        "run": {
            "id": run,
            "started": "2026-11-24T10:15:00Z",
            "seconds": 96.4,
            "seed": seed,
            "effort": "standard",
            "revision": "2019",
            "exit": 0,
            "command": f"eni-conformance run --target target.toml --effort standard --seed {seed}",
            "incomplete": False,
            "note": "",
        },
        "target": {"name": "embedded", "endpoint": "http://127.0.0.1:40123", "region": "cn-hangzhou"},
        "requirements": requirements(rng, calls),
        "observations": [
            {"id": "unknown-parameter", "value": "ignored", "examples": ["Foo=1", "instanceid=i-1"]},
            {
                "id": "duplicate-parameter",
                "value": "the first one counts",
                "examples": ["InstanceId=a&InstanceId=b"],
            },
            {"id": "empty-instance-id", "value": "400 MissingParameter", "examples": ["InstanceId="]},
            {"id": "detach-while-detaching", "value": "200", "examples": []},
        ],
        "calls": {
            "DetachNetworkInterface": calls,
            "DescribeNetworkInterfaces": calls * 2,
            "AttachNetworkInterface": calls // 3,
            "CreateNetworkInterface": calls // 5,
            "DeleteNetworkInterface": calls // 5,
            "DescribeInstances": calls,
            "RunInstances": 24,
            "StopInstances": 61,
        },
        "coverage": {
            "states": states,
            "pairwise": {
                "dimensions": dimensions,
                "covered": 412,
                "total": 431,
                "missing": [
                    [
                        dimensions[i % 8],
                        f"v{i}",
                        dimensions[(i * 3 + 1) % 8 if (i * 3 + 1) % 8 != i % 8 else (i + 2) % 8],
                        f"w{i}",
                    ]
                    for i in range(19)
                ],
            },
            "rules": [
                {"rule": rule, "fired": rng.randint(4, 90)}
                for rule in ("detach", "attach", "delete", "create", "stop", "start", "settle")
            ]
            + [{"rule": "reboot", "fired": 0}],
            "transitions": [
                {"transition": "Running, InUse, this, account: accepted", "n": 803},
                {"transition": "Running, Detaching, this, account: accepted", "n": 40},
                {"transition": "Stopped, InUse, this, ram_denied: refused", "n": 12},
                {"transition": "Stopping, InUse, this, account: refused", "n": 0},
            ],
        },
        "latency": {
            "DetachNetworkInterface": times(0.004, many),
            "DescribeNetworkInterfaces": times(0.003, many),
            "AttachNetworkInterface": times(0.005, max(5, many // 4)),
            "CreateNetworkInterface": times(0.006, max(5, many // 6)),
        },
        "settle": {"detach": times(0.12, 240), "attach": times(0.10, 200), "delete": times(0.05, 90)},
        "atlas": atlas,
        "cost": {
            "instances": 2,
            "network_interfaces": 8,
            "instance_seconds": 188.0,
            "worlds": 90,
            "leases": [
                {"kind": "vpc", "created": 1, "at_once": 1, "seconds": 95.0, "served": 0, "left": []},
                {"kind": "eni", "created": 8, "at_once": 5, "seconds": 400.0, "served": 180, "left": ["eni-left1"]},
                {"kind": "instance", "created": 2, "at_once": 2, "seconds": 188.0, "served": 150, "left": []},
            ],
        },
        "predicted": {
            "source": "3 runs on the embedded emulator",
            "calls": {"DetachNetworkInterface": calls, "DescribeNetworkInterfaces": calls * 2, "RebootInstance": 5},
            "total": calls * 4,
            "seconds": 90.0,
            "instances": 2,
            "interfaces": 8,
            "hours": 0.25,
            "money": 0.12,
            "currency": "CNY",
        },
        "environment": {
            "python": "3.11.7",
            "packages": {
                "eni-conformance": "0.1.0",
                "hypothesis": "6.170.17",
                "pytest": "9.2.0",
                "requests": "2.34.2",
            },
            "platform": "Linux x86_64",
        },
        "shallow": [],
    }


def admissible(status: int, code: str, because: str, requirement: str) -> dict[str, Any]:
    """An answer that would have been right."""
    return {"status": status, "code": code, "because": because, "requirement": requirement}


def answered(status: int, code: str = "", message: str = "") -> dict[str, Any]:
    """The answer that came."""
    return {"outcome": "answered", "status": status, "code": code, "message": message, "detail": ""}


def moment(n: int, step: str, at: float, seconds: float, status: int | None, note: str = "") -> dict[str, Any]:
    """A step of a history."""
    return {"n": n, "step": step, "at": at, "seconds": seconds, "status": status, "code": "", "note": note}


def interface(ident: str, status: str, kind: str, on: str, ip: str) -> dict[str, Any]:
    """A network interface as it was shown."""
    return {"id": ident, "status": status, "type": kind, "instance": on, "ip": ip}


def instance(ident: str, name: str, status: str) -> dict[str, Any]:
    """An instance as it was shown."""
    return {"id": ident, "name": name, "status": status, "zone": "cn-hangzhou-h", "type": "ecs.g6.large"}


def evidence(ident: str, requirement: str, data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """One evidence file: a detach that answered 200 where it had to be refused, unless changed."""
    pairs = [["RegionId", "cn-hangzhou"], ["InstanceId", "i-bp1aa01"], ["NetworkInterfaceId", "eni-bp1aa07"]]
    endpoint = data["target"]["endpoint"]
    before = {
        "instances": [
            instance("i-bp1aa01", "eni-conf-0", "Running"),
            instance("i-bp1aa02", "eni-conf-1", "Stopped"),
        ],
        "enis": [
            interface("eni-bp1aa00", "InUse", "Primary", "i-bp1aa01", "192.168.0.10"),
            interface("eni-bp1aa07", "InUse", "Secondary", "i-bp1aa01", "192.168.0.17"),
            interface("eni-bp1aa08", "InUse", "Secondary", "i-bp1aa02", "192.168.0.18"),
            interface("eni-bp1aa09", "Available", "Secondary", "", "192.168.0.19"),
        ],
    }
    item: dict[str, Any] = {
        "schema": 1,
        "id": ident,
        "requirement": requirement,
        "also": [],
        "run": data["run"]["id"],
        "target": data["target"],
        "revision": data["run"]["revision"],
        "seed": data["run"]["seed"],
        "effort": data["run"]["effort"],
        "cause": requirement,
        "summary": "the primary interface was detached",
        "certainty": 1.0,
        "expected": [
            admissible(
                400,
                "InvalidOperation.DetachPrimaryEniNotAllowed",
                "the named interface is the primary one of its instance",
                "ENI-DETACH-E12",
            ),
            admissible(
                403,
                "InvalidOperation.InvalidEniType",
                "a primary interface is of a type the operation does not serve",
                "ENI-DETACH-E22",
            ),
        ],
        "observed": {"outcome": "answered", "status": 200, "code": "", "message": "", "detail": ""},
        "scenario": {
            "world": {"instances": [{"status": "Running"}, {"status": "Stopped"}], "enis": [{"on": 0}]},
            "steps": [
                {
                    "kind": "detach",
                    "call": {
                        "args": [
                            {"name": "RegionId", "ref": "region"},
                            {"name": "InstanceId", "ref": "instance:0"},
                            {"name": "NetworkInterfaceId", "ref": "primary:0"},
                        ]
                    },
                }
            ],
        },
        "shrunk": True,
        "exchange": {
            "sent": {
                "action": "DetachNetworkInterface",
                "version": "2014-05-26",
                "method": "GET",
                "url": endpoint + "/",
                "pairs": pairs,
                "headers": [["Accept", "application/json"], ["User-Agent", "eni-conformance"]],
                "body": "",
            },
            "status": 200,
            "headers": [["Content-Type", "application/json;charset=utf-8"], ["Content-Length", "52"]],
            "body": '{"RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E"}',
            "seconds": 0.0041,
            "outcome": "answered",
            "detail": "",
        },
        "world_before": before,
        "world_after": json.loads(json.dumps(before)),
        "changes": [],
        "history": [],
        "confirmations": {"tried": 10, "failed_again": 10},
    }
    item.update(changes)
    return item


def violated(run: str = "20261124-111500-c3d4") -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A run with six violated requirements, a known deviation, an error and an inconclusive one."""
    data = results(run, seed=8)
    data["run"].update(exit=1)
    by_id = {r["id"]: r for r in data["requirements"]}
    items: list[dict[str, Any]] = []

    primary = evidence("E12-3f09a1", "ENI-DETACH-E12", data, also=["ENI-DETACH-S04", "ENI-DETACH-F02"])
    primary["exchange"]["sent"]["pairs"][2][1] = "eni-bp1aa00"
    primary["world_after"]["enis"][0].update(status="Available", instance="")
    primary["changes"] = [
        {"resource": "eni-bp1aa00", "path": "status", "before": "InUse", "after": "Available"},
        {"resource": "eni-bp1aa00", "path": "instance", "before": "i-bp1aa01", "after": ""},
    ]
    items.append(primary)
    for n in range(3):
        twin = evidence(f"E12-3f09a{n + 2}", "ENI-DETACH-E12", data, certainty=0.97)
        twin["exchange"]["sent"]["method"] = "POST"
        items.append(twin)

    wrong = evidence(
        "E14-77c1d0", "ENI-DETACH-E14", data, summary="an unknown interface was answered as if its id were malformed"
    )
    wrong["exchange"]["sent"]["pairs"][2][1] = "eni-bp1zzzzzzzzzzzzzzzzz"
    wrong["expected"] = [admissible(404, "InvalidEniId.NotFound", "no interface has this id", "ENI-DETACH-E14")]
    wrong["observed"] = answered(400, "InvalidParams.EniId", "This is no interface id.")
    wrong["exchange"].update(
        status=400,
        body='{"Code":"InvalidParams.EniId","Message":"This is no interface id.","RequestId":"1E5C0F6B"}',
    )
    items.append(wrong)

    crash = evidence(
        "X01-9a0b22", "ENI-DETACH-X01", data, summary="a lone quotation mark in OwnerAccount was answered 500"
    )
    crash["exchange"]["sent"]["pairs"].append(["OwnerAccount", "o'hara \"\u202e\u00e9$(id)`\n--x</script>"])
    crash["expected"] = [
        admissible(200, "", "OwnerAccount changes nothing for the owner", "ENI-DETACH-P03"),
        admissible(400, "InvalidParameter", "OwnerAccount is not an account name", "ENI-DETACH-E07"),
    ]
    crash["observed"] = answered(500, "InternalError", "Traceback (most recent call last): ...")
    crash["exchange"].update(status=500, body="<html><body>Traceback (most recent call last)</body></html>")
    items.append(crash)

    lost = evidence(
        "F03-11d2e3",
        "ENI-DETACH-F03",
        data,
        summary="the detached interface lost its tags and its second address",
        certainty=0.9,
    )
    lost["expected"] = [admissible(200, "", "nothing is broken", "ENI-DETACH-S01")]
    lost["world_after"]["enis"][1].update(status="Available", instance="", tags="", ip="192.168.0.17")
    lost["world_before"]["enis"][1]["tags"] = "team=net"
    lost["changes"] = [
        {"resource": "eni-bp1aa07", "path": "status", "before": "InUse", "after": "Available"},
        {"resource": "eni-bp1aa07", "path": "instance", "before": "i-bp1aa01", "after": ""},
        {"resource": "eni-bp1aa07", "path": "tags", "before": "team=net", "after": ""},
    ]
    items.append(lost)

    race = evidence(
        "M03-5be774",
        "ENI-DETACH-M03",
        data,
        summary="two detaches at once both succeeded, then the interface was attached twice",
        certainty=0.7,
    )
    race["expected"] = [admissible(200, "", "some serial order must explain all answers", "ENI-DETACH-M03")]
    race["history"] = [
        moment(1, "client A: detach eni:0 from instance:0", 0.0, 0.031, 200, ""),
        moment(2, "client B: detach eni:0 from instance:0", 0.004, 0.029, 200, "overlaps with 1"),
        moment(3, "settle", 0.04, 0.12, None, "eni:0 is Available"),
        moment(4, "client A: attach eni:0 to instance:0", 0.17, 0.022, 200, ""),
        moment(5, "client B: attach eni:0 to instance:1", 0.171, 0.024, 200, "no serial order admits this"),
        moment(6, "describe eni:0", 0.21, 0.004, 200, "InUse on both instances"),
    ]
    race["confirmations"] = {"tried": 10, "failed_again": 7}
    items.append(race)

    hang = evidence("R02-aa1100", "ENI-DETACH-R02", data, summary="a POST with an empty body never got an answer")
    hang["exchange"]["sent"].update(
        method="POST",
        body="RegionId=cn-hangzhou",
        headers=[["Content-Type", "application/x-www-form-urlencoded"]],
    )
    hang["exchange"].update(
        status=0, headers=[], body="", seconds=30.0, outcome="timeout", detail="no byte within 30 s"
    )
    hang["observed"] = {
        "outcome": "timeout",
        "status": None,
        "code": None,
        "message": None,
        "detail": "no byte within 30 s",
    }
    hang["world_before"] = hang["world_after"] = None
    items.append(hang)

    for requirement, severity in (
        ("ENI-DETACH-E12", "blocker"),
        ("ENI-DETACH-E14", "critical"),
        ("ENI-DETACH-X01", "blocker"),
        ("ENI-DETACH-F03", "critical"),
        ("ENI-DETACH-M03", "normal"),
        ("ENI-DETACH-R02", "critical"),
    ):
        mine = [i["id"] for i in items if i["requirement"] == requirement]
        reason = next(i["summary"] for i in items if i["requirement"] == requirement)
        by_id[requirement].update(verdict="violated", severity=severity, evidence=mine, reason=reason)
    by_id["ENI-DETACH-R03"].update(
        verdict="known-deviation",
        reason="HostId is missing from errors",
        deviation={
            "owner": "platform team",
            "reason": "HostId is missing from errors",
            "expires": "2027-01-31",
        },
    )
    by_id["ENI-DETACH-S02"].update(verdict="inconclusive", reason="Detaching passed by too fast in 12 of 12 tries")
    by_id["ENI-DETACH-G03"].update(
        verdict="error", judged=0, reason="set-up failed: the clock of the target could not be read"
    )
    data["shallow"] = ["the rule reboot of the state machine never fired"]
    return data, items


def finding(item: dict[str, Any], tried: int, failed_again: int) -> dict[str, Any]:
    """The entry of results.json for an evidence file."""
    return {
        "requirement": item["requirement"].removeprefix("ENI-DETACH-"),
        "also": [also.removeprefix("ENI-DETACH-") for also in item["also"]],
        "evidence": f"{item['id']}.json",
        "key": f"{item['requirement']}-{item['cause']}",
        "cause": item["cause"],
        "summary": item["summary"],
        "certainty": item["certainty"],
        "count": 1,
        "again": {"tried": tried, "failed_again": failed_again},
        "calls": 120,
        "test": "effects",
    }


def refused_once(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Two evidence files of what was seen once and not again, with their requirements and entries in `data`."""
    busy = evidence(
        "F04-0a11ce",
        "ENI-DETACH-F04",
        data,
        also=["ENI-DETACH-S01"],
        cause="attach again:OperationConflict",
        summary="attaching the detached interface again was refused with 409 Conflict",
        certainty=0.9,
        expected=[],
        shrunk=False,
        confirmations={"tried": 3, "failed_again": 0},
    )
    late = evidence(
        "F05-0b0b0b",
        "ENI-DETACH-F05",
        data,
        cause="F05:changed Status",
        summary="the detached interface was InUse again for a moment",
        certainty=0.8,
        expected=[admissible(200, "", "nothing is broken", "ENI-DETACH-S01")],
        shrunk=False,
        confirmations={"tried": 3, "failed_again": 0},
    )
    late["history"] = [
        {"n": 1, "step": "detach eni:0", "at": 0.0, "seconds": 0.02, "status": 200, "code": "", "note": ""},
        {"n": 2, "step": "describe eni:0", "at": 0.1, "seconds": 0.01, "status": 500, "code": "InternalError"},
    ]
    by_id = {r["id"]: r for r in data["requirements"]}
    for item in (busy, late):
        reason = f"seen once, not in 3 further tries: {item['summary']}"
        by_id[item["requirement"]].update(verdict="inconclusive", reason=reason)
    data["once"] = [finding(busy, 3, 0), finding(late, 3, 0)]
    return [busy, late]


def lenient() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A run in which rows conform by the common table, findings were seen once, and some answers passed."""
    data = results("20261127-101500-1e2d", seed=11)
    by_id = {r["id"]: r for r in data["requirements"]}
    by_id["ENI-DETACH-E06"].update(provoked=0, by_common=[{"answer": "403 Forbidden.RAM", "n": 12}])
    by_id["ENI-DETACH-E02"].update(
        provoked=0,
        by_common=[
            {"answer": "404 InvalidAccessKeyId.NotFound", "n": 5},
            {"answer": "403 Forbidden.AccessKeyDisabled", "n": 2},
        ],
    )
    by_id["ENI-DETACH-E09"].update(provoked=7, by_common=[{"answer": "404 InvalidRegionId.NotFound", "n": 3}])
    data["passing"] = [
        {"operation": "DetachNetworkInterface", "answer": "400 OperationConflict", "n": 3},
        {"operation": "AttachNetworkInterface", "answer": "502 (an HTML page)", "n": 1},
    ]
    data["run"]["strict"] = False
    data["target"].update(
        offers={"formats": ["json"], "signing": ["v1"]},
        undeclared=["xml"],
        control_problems={"eni.status": "reset put the interface back to InUse after an accepted detach"},
        skew=-12.0,
    )
    return data, refused_once(data)


def confirmed() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The violated run as a suite writes it that sees each finding again, with two findings seen once beside it."""
    data, items = violated("20261127-111500-c0ff")
    told = {"X01": (3, 0), "M03": (5, 3)}
    data["violations"] = [
        finding(item, *told.get(item["requirement"].removeprefix("ENI-DETACH-"), (2, 2))) for item in items
    ]
    data["run"]["strict"] = True
    return data, [*items, *refused_once(data)]


def hostile() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Every text that a target controls is an attack on the page."""
    attack = "</script><script>window.owned=1</script><img src=x onerror=window.owned=1>"
    attack += "\"'&{{7*7}}\u202e\x00\x1b[31m]]>"
    data, items = violated("20261124-121500-e5f6")
    items += refused_once(data)
    for entry in data["once"]:
        entry.update(summary=attack, test=attack)
    data["passing"] = [{"operation": attack, "answer": attack, "n": 1}]
    data["requirements"][5].update(provoked=0, by_common=[{"answer": attack, "n": 1}])
    data["target"] = {"name": attack, "endpoint": "http://127.0.0.1:1/" + attack, "region": attack}
    data["target"].update(undeclared=[attack], control_problems={attack: attack})
    data["run"].update(command=attack, note=attack)
    data["observations"].append({"id": attack, "value": {attack: attack}, "examples": [attack, "a" * 5000]})
    data["calls"][attack] = 3
    data["latency"][attack] = [0.1, 0.2]
    data["shallow"].append(attack)
    data["coverage"]["rules"].append({"rule": attack, "fired": 0})
    data["environment"]["packages"][attack] = attack
    for item in items:
        item["target"] = data["target"]
        item["summary"] += attack
        item["cause"] += attack
        item["observed"].update(message=attack, detail=attack)
        item["exchange"]["body"] = attack * 400
        item["exchange"]["sent"]["url"] = data["target"]["endpoint"]
        item["exchange"]["sent"]["pairs"].append([attack, attack])
        for world in (item["world_before"], item["world_after"]):
            for resource in (world or {}).get("enis", []):
                resource["name"] = attack
    data["requirements"][0].update(title=attack, reason=attack)
    return data, items


def incomplete() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An interrupted run of which only the fixed part was written, a third of it tried."""
    data = results("20261124-131500-0a0b", seed=9, calls=300)
    for key in ("coverage", "latency", "settle", "atlas", "cost", "predicted", "environment", "shallow"):
        del data[key]
    data["run"].update(exit=None, incomplete=True, note="interrupted after 31 s", seconds=31.2)
    for n, requirement in enumerate(data["requirements"]):
        if n % 3:
            requirement.update(
                verdict="not-exercised", judged=0, provoked=0, reason="the run ended first", strength=None
            )
    return data, []


def huge() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A run of 100,000 exchanges with 300 pieces of evidence, most of one cause."""
    data, items = violated("20261124-141500-beef")
    data["calls"] = {name: n * 12 for name, n in data["calls"].items()}
    long = "x" * 20000
    for n in range(290):
        extra = evidence(f"E14-many{n:03}", "ENI-DETACH-E14", data, cause=f"404 as 400 {n % 25}")
        extra["exchange"]["body"] = long
        items.append(extra)
    by_id = {r["id"]: r for r in data["requirements"]}
    by_id["ENI-DETACH-E14"]["evidence"] = [i["id"] for i in items if i["requirement"] == "ENI-DETACH-E14"]
    return data, items


def write(directory: Path, made: tuple[dict[str, Any], list[dict[str, Any]]]) -> Path:
    """Writes an output directory as a run would leave it, and returns it."""
    data, items = made
    out = directory / data["run"]["id"]
    (out / "evidence").mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(data), encoding="utf-8")
    for item in items:
        (out / "evidence" / f"{item['id']}.json").write_text(json.dumps(item), encoding="utf-8")
    return out


def plain(page: str) -> str:
    """The words of a page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def stored(out: Path) -> tuple[Results, list[tuple[str, Evidence]]]:
    """Results and evidence of an output directory."""
    return files.load(out), files.load_evidence(out)[0]


def junit_cases(out: Path) -> dict[str, ET.Element]:
    """The test cases of junit.xml by requirement."""
    root = ET.fromstring((out / "junit.xml").read_text(encoding="utf-8"))
    return {(case.get("name") or "").split()[0]: case for case in root.iter("testcase")}


def allure_results(out: Path) -> dict[str, dict[str, Any]]:
    """The results written for Allure by requirement."""
    made = [json.loads(p.read_text(encoding="utf-8")) for p in (out / "allure-results").glob("*-result.json")]
    return {result["name"].split()[0]: result for result in made}


def changed(data: Any, path: str, value: Any) -> Any:
    """A copy of `data` with another value at a dotted path; KeyError stands for "left out"."""
    data = copy.deepcopy(data)
    at = data
    *front, last = (int(key) if key.isdigit() else key for key in path.split("."))
    for key in front:
        at = at[key]
    if value is KeyError:
        del at[last]
    else:
        at[last] = value
    return data


SAMPLES = {
    "passing": lambda: (results(), []),
    "violated": violated,
    "lenient": lenient,
    "confirmed": confirmed,
    "hostile": hostile,
    "incomplete": incomplete,
    "huge": huge,
}

if __name__ == "__main__":
    root = Path(sys.argv[1])
    for name, make in SAMPLES.items():
        made = write(root / name, make())
        history.append(made, root / "history.jsonl")
        print(name, write_all(made))
