"""What descriptions show otherwise than it was asked for cannot be seen to be kept."""

from __future__ import annotations

from histories import judgement, looked, sent, shown

FREE = looked("Available")


def test_what_was_never_shown_as_it_was_asked_for_cannot_be_seen_to_be_kept() -> None:
    cut = judgement(sent(), FREE, arranged={"unlike": {"eni-1": ("Description",)}})
    assert dict(cut.tally.doubts["F04"]) == {"Description: never shown as asked for when interfaces were made": 1}
    assert cut.tally.judged["F04"] == 0
    whole = judgement(sent(), FREE, start=shown(Description="made for a test"))
    assert whole.tally.judged["F04"] == 1 and not whole.tally.doubts["F04"]
