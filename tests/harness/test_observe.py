"""What a look makes of what the describe operations show."""

from __future__ import annotations

from eni_conformance.harness.ecs.resources import _plain_again
from eni_conformance.harness.values import flatten, flattened


def test_what_was_read_before_is_not_mistaken_for_what_is_read_now():
    """Equal in Python, different in JSON: a field that changes its type has changed."""
    seen = [_plain_again({"NetworkInterfaceId": "eni-1", "Tags": {"Tag": [{"On": on}]}}) for on in (1, True, "1", 1.0)]
    assert [entry["Tags"][0]["On"] for entry in seen] == [1, True, "1", 1.0]
    assert len({flattened(entry)["Tags"] for entry in seen}) == 4


def test_the_same_entry_is_flattened_once():
    entry = {"NetworkInterfaceId": "eni-1", "Attachment": {"InstanceId": "i-1"}, "PrivateIpSets": {"PrivateIpSet": []}}
    again = _plain_again(dict(entry))
    assert again is _plain_again(dict(entry))
    assert flattened(again) is flattened(again)
    assert flattened(again) == flatten(again) == {"NetworkInterfaceId": "eni-1", "Attachment.InstanceId": "i-1"}
