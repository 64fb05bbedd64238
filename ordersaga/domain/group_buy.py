"""Group buys: so many buyers in so much time, or nobody (R-TYPE-5)."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ordersaga.domain.campaigns import Terms
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.money import Money

GROUP_CODE = "group_code"
"""The buyer's choice: the group to join; a new one is opened without."""
LARGEST = 1_000
"""Members; a group's seats are looked through with each change."""
LONGEST_SECONDS = 366 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupBuyTerms(Terms):
    """A group has `size` seats and `seconds` to fill them."""

    choices: ClassVar[frozenset[str]] = frozenset({GROUP_CODE})
    size: int
    seconds: int

    def check(self, price: Money, starts_at: datetime, ends_at: datetime) -> None:
        if not 2 <= self.size <= LARGEST:
            raise RuleInvalid("terms.size", f"must be 2 to {LARGEST}")
        if not 0 < self.seconds <= LONGEST_SECONDS:
            raise RuleInvalid("terms.seconds", f"must be 1 to {LONGEST_SECONDS}")
