"""What to do about refusals that the account system or the stock of the real service gives to calls of a set-up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "Forbidden.RiskControl": "new accounts are checked before they may create instances: ask the vendor's support "
        "to lift that, or use another account",
        "OperationDenied": "no stock of this type in this zone: name another setup.zone or setup.instance_type",
        "OperationDenied.NoStock": "no stock of this type in this zone: name another setup.zone or setup.instance_type",
        "Zone.NotOnSale": "the zone sells no more: name another setup.zone",
        "Zone.NotOpen": "the zone is closed to this account: name another setup.zone",
        "InvalidAccountStatus.NotEnoughBalance": "the account needs a balance before it may create instances",
        "QuotaExceed.ElasticQuota": "the quota of pay-as-you-go vCPUs is used up: raise it, or lower limits.instances",
        "Forbidden.RAM": "the RAM user lacks a permission; docs/real-accounts.md has a policy",
        "Forbidden.SubUser": "the RAM user lacks a permission; docs/real-accounts.md has a policy",
    }
)
"""Code -> what to do. Sources: answers captured of the real service, and the pages of the two operations that create
instances."""


def advice_for(code: str, otherwise: str) -> str:
    """What to do about a refusal with this code; `otherwise` where the table does not know it."""
    return ADVICE.get(code, otherwise)
