"""The gateway's own table: what may be answered to a probe in which exactly one thing is wrong."""

from __future__ import annotations

import pytest
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.gateway import KEY, NONCE, PARAMETER, PROBES, SIGNATURE, TIME
from eni_conformance.oracle.findings import Gateway
from eni_conformance.oracle.gateway import judge
from eni_conformance.oracle.readings import Reply

CODES = CONTRACTS["2019"].codes


def say(name, status, code):
    return judge(PROBES[name], name, Reply(status, code), CODES)


@pytest.mark.parametrize("name", [n for n, p in PROBES.items() if not p.accept])
def test_accepting_what_the_gateway_must_refuse_is_a_violation(name):
    assert say(name, 200, "") == [
        Gateway(PROBES[name].requirement, f"{name}: the call was accepted", f"gateway:{name}")
    ]


@pytest.mark.parametrize("name", [n for n, p in PROBES.items() if not p.accept])
def test_each_admissible_code_passes_and_another_does_not(name):
    for code in PROBES[name].codes:
        assert say(name, 400, code) == say(name, 404, code) == []
    found = say(name, 400, "SomethingElse")
    if not PROBES[name].codes:
        assert found == []
        return
    (one,) = found
    assert (one.requirement, one.certainty, one.cause) == (PROBES[name].requirement, 0.9, f"gateway:{name}")
    assert one.summary == f"{name}: answered 400 SomethingElse; admissible: {', '.join(sorted(PROBES[name].codes))}"


@pytest.mark.parametrize("name", [n for n, p in PROBES.items() if not p.accept])
@pytest.mark.parametrize("code", ["InvalidEniId.NotFound", "InvalidOperation.DetachPrimaryEniNotAllowed"])
def test_the_operation_does_not_answer_a_caller_who_is_not_known(name, code):
    (one,) = say(name, 404, code)
    assert one.requirement == PROBES[name].requirement and one.certainty == 1.0
    assert one.summary == f"{name}: answered 404 {code}, an answer of the operation to a caller who is not known"


@pytest.mark.parametrize("code", ["MissingParameter", "InvalidParameter", "UnsupportedParameter"])
def test_a_gateway_may_use_codes_on_parameters_where_public_parameters_are_wrong(code):
    """Not where the signature, the nonce, the time or the key is wrong: there they would be the operation's. A
    signature that is not there at all is a public parameter that is missing."""
    assert say("no Version", 400, code) == []
    assert [f.certainty for f in say("unknown Action", 400, code)] == [0.9]
    for name in ("signature truncated", "interface id changed after signing", "AccessKeyId of one letter"):
        assert [f.certainty for f in say(name, 400, code)] == [1.0]
    for name in ("signature missing", "signature empty"):
        assert say(name, 400, code) == []


@pytest.mark.parametrize("code", sorted(PARAMETER))
@pytest.mark.parametrize("name", ["signature missing", "signature empty"])
def test_whose_parameter_is_missing_cannot_be_told_where_the_call_lacks_one_of_its_own(name, code):
    """MissingParameter may be the operation's, given to a caller who is not known: that would be wrong, and may not be
    what it is."""
    assert judge(PROBES[name], name, Reply(400, code), CODES, whole=False) is None
    (found,) = judge(PROBES[name], name, Reply(200, ""), CODES, whole=False)
    assert found.summary == f"{name}: the call was accepted"
    (found,) = judge(PROBES[name], name, Reply(404, "InvalidEniId.NotFound"), CODES, whole=False)
    assert "an answer of the operation" in found.summary
    assert judge(PROBES[name], name, Reply(400, "SignatureDoesNotMatch"), CODES, whole=False) == []


def test_only_a_probe_that_leaves_something_out_can_be_undecided():
    lacking = {name for name, probe in PROBES.items() if probe.lacks}
    assert lacking == {"signature missing", "signature empty"}
    for name in set(PROBES) - lacking:
        assert judge(PROBES[name], name, Reply(400, "MissingParameter"), CODES, whole=False) is not None


def test_the_code_for_an_unknown_account_is_the_gateways_too():
    for name in ("unknown AccessKeyId", "AccessKeyId of one letter", "no AccessKeyId"):
        assert say(name, 403, "Abs.InvalidAccount.NotFound") == []


@pytest.mark.parametrize("name", [n for n, p in PROBES.items() if p.accept])
def test_a_correctly_signed_call_gets_as_far_as_the_operation(name):
    """Whatever the operation says then; only a code on signature, time, nonce or key shows that it did not."""
    for status, code in ((200, ""), (400, "MissingParameter"), (404, "InvalidEniId.NotFound"), (400, "Odd")):
        assert say(name, status, code) == []
    for code in SIGNATURE | TIME | NONCE | KEY:
        assert say(name, 400, code) == [
            Gateway("G08", f"{name}: a correctly signed call was refused with 400 {code}", f"gateway:{name}")
        ]
