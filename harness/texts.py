"""Real identifiers and wire forms in place of what a Scenario names: which text a call carries on this target."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from eni_conformance.contract.detach import OWNER
from eni_conformance.contract.gateway import Probe
from eni_conformance.contract.scenario import Arg, Call, format_of
from eni_conformance.contract.texts import PLAIN_ID, kind_of, make_text
from eni_conformance.harness import ecs
from eni_conformance.harness.bench.pool import Bench
from eni_conformance.harness.history import Arranged
from eni_conformance.harness.target import Offers
from eni_conformance.harness.values import Asked, Param

OWNERS = frozenset(OWNER)
LOGIN, NUMBER = re.compile(r"[\w.+-]+@[\w.-]+"), re.compile(r"[0-9]+")
"""What is certainly the login name of a user, and the number of an account; anything else may be refused."""
ENI = "NetworkInterfaceId"
SORTS = {"InstanceId": ("instance",), ENI: ("eni", "primary"), "RegionId": ("region", "second_region")}
"""What a parameter may refer to; anything else is no identifier of its sort."""
NEAR = {"last changed": "middle changed", "last changed twice": "first changed", "near end changed": "middle changed"}
"""Forms whose text is near the identifier, and the far ones that take their place where ids are counted."""


def fit(offers: Offers, call: Call, *, format_: bool = True) -> Call:
    """The call in a wire form that the target offers: the nearest to its own. format_ False: in its own format."""
    wire = call.wire
    if wire.signing not in (offers.signing or (wire.signing,)):
        wire = replace(wire, signing="v3" if wire.signing == "v1" else "v1")
    wanted = format_of(replace(call, wire=wire)).lower() or "json"
    if format_ and wanted not in (offers.formats or (wanted,)):
        wire = replace(wire, format="XML" if wanted == "json" else "JSON")
    return replace(call, wire=wire) if wire != call.wire else call


def counted(ids: Sequence[str]) -> bool:
    """Whether two ids are so alike that they cannot have been drawn: all but their last four characters."""
    seen: set[str] = set()
    for text in ids:
        if text[:-4] in seen:
            return True
        seen.add(text[:-4])
    return False


@dataclass(frozen=True)
class Texts:
    """What references stand for in an arranged World."""

    bench: Bench
    arranged: Arranged

    def counts_ids(self) -> bool:
        """Whether this endpoint gives out ids one after the other, so that one like an existing one may come true."""
        return counted([e.id for e in self.bench.enis]) or counted([i.id for i in self.bench.instances])

    def denoting(self, texts: Sequence[str], nothing: set[str], *, anew: bool = False) -> set[str]:
        """Those of the texts that denote an existing resource after all; all others denote nothing now.

        nothing: those that denoted nothing before; anew: ask also for them. Where ids are counted that is always so.
        """
        anew = anew or self.counts_ids()
        fresh = [t for t in dict.fromkeys(texts) if anew or t not in nothing]
        exist: set[str] = set()
        for start in range(0, len(fresh), 50):
            part = fresh[start : start + 50]
            with contextlib.suppress(ecs.SetupError):  # an endpoint may refuse to describe odd ids
                exist |= {str(e.get("NetworkInterfaceId")) for e in ecs.describe_enis(self.bench.session, ids=part)}
            with contextlib.suppress(ecs.SetupError):
                exist |= {str(i.get("InstanceId")) for i in ecs.describe_instances(self.bench.session, part)}
        found = exist & set(fresh)
        nothing |= set(fresh) - found
        nothing -= found
        return found

    def unshown(self, call: Call) -> bool:
        """Whether the call names a primary interface that no description shows."""
        places = [int(arg.ref.partition(":")[2]) for arg in call.args if arg.ref.startswith("primary:")]
        return any(not self.arranged.primaries[place] for place in places)

    def invented(self, asked: Asked) -> list[str]:
        """Texts of a call that look like identifiers and should denote nothing. What the run does not own is none of
        its identifiers, on its own instances too."""
        seen = self.arranged.snapshot
        ours = {*seen.enis, *seen.instances, *self.arranged.primaries}
        return [
            param.text
            for param in asked.params
            if param.name in ("InstanceId", ENI)
            and param.kind != "exact"
            and param.text not in ours
            and PLAIN_ID.match(param.text)
        ]

    def resolve(self, call: Call) -> Asked:
        """The call with real identifiers in place of references."""
        return Asked(tuple(self.param(arg) for arg in call.args), call.caller)

    def of_probe(self, probe: Probe, call: Call) -> Asked:
        """As `resolve`; a harmless probe that is sent twice names an interface that is not there."""
        asked = self.resolve(call)
        if not (probe.again and probe.harmless):
            return asked
        params = (replace(p, text=p.text + "0", kind="border") if p.name == ENI else p for p in asked.params)
        return Asked(tuple(params), asked.caller)

    def _text(self, kind: str, k: int) -> str:
        """What a reference stands for, "" if it stands for nothing."""
        arranged, region = self.arranged, self.bench.session.target.region
        match kind:
            case "eni":
                return arranged.enis[k]
            case "instance":
                return arranged.instances[k]
            case "primary":
                return arranged.primaries[k]
            case "instance_name":
                return arranged.names[k] or "eni-conformance"
            case "region":
                return region
            case "second_region":
                return self.bench.ground.second_region or "cn-atlantis-2"
            case "zone":
                return arranged.zone or region + "-a"
            case _:
                return ""

    def param(self, arg: Arg) -> Param:
        """One parameter with its text, and how that was made."""
        kind, _, index = arg.ref.partition(":")
        text = self._text(kind, int(index or 0))
        region = kind in ("region", "second_region", "zone") and arg.name == "RegionId"
        made = make_text(arg.form, text, region=region)
        if arg.form in NEAR and not region and self.counts_ids():
            made = make_text(NEAR[arg.form], text)
        if arg.form != "exact" and made == text and kind:
            made = text + "0"  # a form that changes nothing here must still denote nothing
        how = kind_of(arg.form, region=region)
        if how in ("exact", "unknown") and kind not in SORTS.get(arg.name, (kind,)):
            how = "border"
        if not kind and arg.name in OWNERS:
            form = LOGIN if arg.name.endswith("Account") else NUMBER
            how = "exact" if form.fullmatch(made) and len(made) < 128 else "border"
            how = how if made.isprintable() and 0 < len(made) < 128 else "unreadable"
        return Param(arg.name, made, how)
