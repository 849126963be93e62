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
    right = ("accept",) if probe.accept else tuple(sorted(probe.codes))

    def said_wrongly(text: str, certainty: float = 1.0) -> list[Finding]:
        told, family = f"{name}: {text}", f"gateway {probe.requirement}"
        wrong = "" if reply.success else reply.words
        return [
            Gateway(
                probe.requirement, told, f"gateway:{name}", certainty=certainty, family=family,
                said=wrong, about=(name, *right),
            )
        ]  # fmt: skip

    if probe.accept:
        if reply.code in WHO_CALLS:
            return said_wrongly(f"a correctly signed call was refused with {said}")
        return []
    if reply.success:
        return said_wrongly("the call was accepted")
    if probe.lacks and reply.code in PARAMETER:
        return [] if whole else None
    own = operation_codes - {*PARAMETER, *KEY}
    if probe.requirement in rows.BEFORE_THE_CALLER_IS_KNOWN:
        own = operation_codes - KEY
    if reply.code in own:
        return said_wrongly(f"answered {said}, an answer of the operation to a caller who is not known")
    if probe.codes and reply.code not in probe.codes:
        return said_wrongly(f"answered {said}; admissible: {', '.join(sorted(probe.codes))}", 0.9)
    return []
