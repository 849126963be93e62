"""Whether the gateway may answer a probe like this. Pure; the probes are data of the contract."""

from __future__ import annotations

from eni_conformance.contract import rows
from eni_conformance.contract.gateway import KEY, PARAMETER, WHO_CALLS, Probe
from eni_conformance.oracle.findings import Finding, Gateway
from eni_conformance.oracle.readings import Reply


def judge(
    probe: Probe, name: str, reply: Reply, operation_codes: frozenset[str], whole: bool = True
) -> list[Finding] | None:
    """What is wrong with the answer to a probe, [] if nothing, None if that cannot be told.

    operation_codes: the codes of the operation's own error table. whole: every parameter of the operation was there,
    so that a missing one can only be a public one.
    """
    said = str(reply)
    cause = f"gateway:{name}"
    if probe.accept:
        if reply.code in WHO_CALLS:
            return [Gateway(probe.requirement, f"{name}: a correctly signed call was refused with {said}", cause)]
        return []
    if reply.success:
        return [Gateway(probe.requirement, f"{name}: the call was accepted", cause)]
    if probe.lacks and reply.code in PARAMETER:
        return [] if whole else None
    own = operation_codes - {*PARAMETER, *KEY}
    if probe.requirement in rows.BEFORE_THE_CALLER_IS_KNOWN:
        own = operation_codes - KEY
    if reply.code in own:
        text = f"{name}: answered {said}, an answer of the operation to a caller who is not known"
        return [Gateway(probe.requirement, text, cause)]
    if probe.codes and reply.code not in probe.codes:
        text = f"{name}: answered {said}; admissible: {', '.join(sorted(probe.codes))}"
        return [Gateway(probe.requirement, text, cause, certainty=0.9)]
    return []
