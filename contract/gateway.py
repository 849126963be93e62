"""Codes of the gateway."""

from __future__ import annotations

SIGNATURE = frozenset({"SignatureDoesNotMatch", "IncompleteSignature", "InvalidSignature"})
"""What a gateway may say of a call whose canonical form is ambiguous (repeated names, bad UTF-8), too."""
