"""What a case gives back, unit by unit, what it withholds, and why (R-REV-8, M5)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Withholding(StrEnum):
    """Why something that was paid for goods does not come back with them, as a stable word.

    `CARRIED_OVER` is what earlier cases gave back beyond what is owed now: nobody has to pay it in, but it is not given
    a second time.
    """

    DELIVERY_FEE = "delivery_fee"
    THRESHOLD_LOST = "threshold_lost"
    GIFT_KEPT = "gift_kept"
    DEPOSIT_FORFEITED = "deposit_forfeited"
    POINTS_NOT_RETURNED = "points_not_returned"
    EARNED_POINTS_SPENT = "earned_points_spent"
    CARRIED_OVER = "carried_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsBack:
    """Units of a line that were paid for alike; `goods` and `shipping` in money and `points` in points are of each one,
    in minor units.
    """

    line_no: int
    units: tuple[int, ...]
    goods: int
    shipping: int
    points: int
    never_shipped: bool = False
    seller_at_fault: bool = False

    @property
    def amount(self) -> int:
        """What was paid for all of them."""
        return len(self.units) * (self.goods + self.shipping + self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """An `amount` in minor units; less than zero where what an earlier case withheld comes back with this one.

    `source` and `code` name the offer, `line_no` the line of a gift.
    """

    reason: Withholding
    amount: int
    source: str = ""
    code: str = ""
    line_no: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """What one case gives back out of the ledger of `order_no`, in minor units of `currency`. Of an exchange's order
    that is the one that was paid for, and `units` are its lines' and units' numbers.

    Σ `units` - Σ `withheld` = `money` + `points_value`. `points` come back to the account, worth `points_value`;
    `earned_points` are taken off it, and `earned_points_short` were not there to be taken. `nothing_stays` says that no
    goods are left that were paid for: then coupons, quotas and purchase limits come back by their own rules.
    """

    order_no: str
    currency: str
    units: tuple[UnitsBack, ...]
    withheld: tuple[Withheld, ...] = ()
    money: int = 0
    points_value: int = 0
    points: int = 0
    earned_points: int = 0
    earned_points_short: int = 0
    nothing_stays: bool = False

    @property
    def paid(self) -> int:
        """What was paid for the units, in all tenders."""
        return sum(item.amount for item in self.units)

    def withheld_for(self, *reasons: Withholding) -> int:
        return sum(item.amount for item in self.withheld if item.reason in reasons)

    def to_document(self) -> dict[str, Any]:
        """As JSON-ready data; `from_document` reads it back."""
        document = asdict(self)
        document["units"] = [{**asdict(item), "units": list(item.units)} for item in self.units]
        document["withheld"] = [{**asdict(item), "reason": item.reason.value} for item in self.withheld]
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Breakdown":
        return cls(
            **{
                **document,
                "units": tuple(UnitsBack(**{**item, "units": tuple(item["units"])}) for item in document["units"]),
                "withheld": tuple(
                    Withheld(**{**item, "reason": Withholding(item["reason"])}) for item in document["withheld"]
                ),
            }
        )
