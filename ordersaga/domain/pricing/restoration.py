"""What becomes of a coupon, points, a quota or a budget when its order comes to nothing (R-REV-2, S6): one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.pricing.source import Source


class Undoing(StrEnum):
    """How an order came to nothing: never placed, not paid in time, cancelled, or its money given back."""

    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class Return(StrEnum):
    KEPT = "kept"
    RETURNED = "returned"
    RETURNED_IF_VALID = "returned_if_valid"
    EXTENDED = "extended"


@dataclass(frozen=True, slots=True)
class Restoration:
    """What comes back; `EXTENDED` makes a coupon valid for at least `days` from then on."""

    rule: Return
    days: int = 0

    def __post_init__(self) -> None:
        if self.rule is Return.EXTENDED and self.days <= 0:
            raise RuleInvalid("days", "must be more than zero with the rule extended")
        if self.rule is not Return.EXTENDED and self.days:
            raise RuleInvalid("days", f"has no meaning with the rule {self.rule}")

    def gives_back(self, valid_until: datetime | None, at: datetime) -> bool:
        """Whether something that is valid until then comes back now."""
        if self.rule is Return.RETURNED_IF_VALID:
            return valid_until is None or at < valid_until
        return self.rule is not Return.KEPT

    def valid_until(self, before: datetime | None, at: datetime) -> datetime | None:
        """Until when it is valid once it has come back."""
        if before is None or self.rule is not Return.EXTENDED:
            return before
        return max(before, at + timedelta(days=self.days))


Restorations = Mapping[Undoing, Restoration]

_RETURNED = Restoration(Return.RETURNED)
_RETURNED_IF_VALID = Restoration(Return.RETURNED_IF_VALID)
_ALWAYS = dict.fromkeys(Undoing, _RETURNED)

DEFAULTS: Mapping[Source, Restorations] = {
    Source.PRESALE: _ALWAYS,
    Source.PROMOTION: _ALWAYS,
    Source.MEMBER_BENEFIT: _ALWAYS,
    Source.COUPON: {**dict.fromkeys(Undoing, _RETURNED_IF_VALID), Undoing.REFUSED: _RETURNED},
    Source.POINTS: _ALWAYS,
}
"""What holds where neither the shop's own table nor the coupon says otherwise."""


def to_document(restorations: Restorations) -> dict[str, dict[str, str | int]]:
    return {undoing: {"rule": found.rule.value, "days": found.days} for undoing, found in restorations.items()}


def from_document(document: Mapping[str, Mapping[str, Any]]) -> dict[Undoing, Restoration]:
    return {Undoing(undoing): Restoration(Return(found["rule"]), found["days"]) for undoing, found in document.items()}
