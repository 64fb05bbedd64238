"""What comes back when goods do: the shop's rules, as versions of data (R-REV-8, M5, M9, M10, M12)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from ordersaga.domain.errors import RuleInvalid


class Threshold(StrEnum):
    """What becomes of a discount whose threshold the goods that stay do not reach any more."""

    KEEP = "keep"
    RECOMPUTE = "recompute"


class ShippingFee(StrEnum):
    """When the delivery fee of goods that were shipped comes back, if the seller is not at fault."""

    NEVER = "never"
    WHEN_ALL_RETURNED = "when_all_returned"
    PRO_RATA = "pro_rata"


class Gifts(StrEnum):
    """A gift whose condition the goods that stay do not meet any more stays, or is charged unless it comes back."""

    KEEP = "keep"
    CHARGE = "charge"


class EarnedPoints(StrEnum):
    """Points that were earned with goods that came back: left, or taken back; what the account lacks is then taken
    off the money, or waived.
    """

    KEEP = "keep"
    CLAW_BACK_OR_WITHHOLD = "claw_back_or_withhold"
    CLAW_BACK_OR_WAIVE = "claw_back_or_waive"


class Tenders(StrEnum):
    """Out of which tender goods are refunded that were paid with money and points."""

    AS_PAID = "as_paid"
    MONEY_FIRST = "money_first"
    POINTS_FIRST = "points_first"


class Payments(StrEnum):
    """Which of several payments is paid back first."""

    LATEST_FIRST = "latest_first"
    EARLIEST_FIRST = "earliest_first"


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterSalesRules:
    """One version. An order keeps to the one that stood when it was placed.

    `coupons` and `points` say whether they come back at all: coupons once nothing of the order stays, by their own
    restoration rules; points with each unit that they paid for. `apology_template` is the coupon that a buyer gets
    whose order the seller cancels.
    """

    threshold: Threshold = Threshold.RECOMPUTE
    shipping_fee: ShippingFee = ShippingFee.WHEN_ALL_RETURNED
    gifts: Gifts = Gifts.CHARGE
    coupons: bool = True
    points: bool = True
    earned_points: EarnedPoints = EarnedPoints.CLAW_BACK_OR_WITHHOLD
    tenders: Tenders = Tenders.AS_PAID
    payments: Payments = Payments.LATEST_FIRST
    apology_template: str | None = None

    def __post_init__(self) -> None:
        if self.apology_template == "":
            raise RuleInvalid("apology_template", "must name a template, or be left out")

    def to_document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "AfterSalesRules":
        """Read a stored version; rules that are newer than the document take their defaults."""
        said = {field.name: document[field.name] for field in fields(cls) if field.name in document}
        return cls(**{name: _TYPES[name](value) if name in _TYPES else value for name, value in said.items()})


_TYPES: Mapping[str, Any] = {
    "threshold": Threshold,
    "shipping_fee": ShippingFee,
    "gifts": Gifts,
    "earned_points": EarnedPoints,
    "tenders": Tenders,
    "payments": Payments,
}
