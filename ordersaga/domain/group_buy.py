"""Group buys: so many buyers in so much time, or nobody (R-TYPE-5)."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ordersaga.domain.campaigns import Terms
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.money import Money

GROUP_CODE = "group_code"
"""The buyer's choice: the group to join; a new one is opened without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupBuyTerms(Terms):
    """A group has `size` seats and `seconds` to fill them."""

    choices: ClassVar[frozenset[str]] = frozenset({GROUP_CODE})
    size: int
    seconds: int

    def check(self, price: Money, starts_at: datetime, ends_at: datetime) -> None:
        if self.size < 2:
            raise RuleInvalid("terms.size", "must be at least two")
        if self.seconds <= 0:
            raise RuleInvalid("terms.seconds", "must be more than zero")
