"""Presales: a deposit that counts for more than it is, and a balance in a window of its own (R-TYPE-3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ordersaga.domain.campaigns import Terms
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.money import Money

FORFEIT, REFUND = "forfeit", "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class PresaleTerms(Terms):
    """`deposit` is paid for each unit at once and counts as `counts_as` of its price, in minor units.

    The balance is paid from `balance_opens_at` until `balance_closes_at`. `missed_balance` and `cancelled` say what
    becomes of the deposit: `forfeit` or `refund`.
    """

    deposit: int
    counts_as: int
    balance_opens_at: datetime
    balance_closes_at: datetime
    missed_balance: str
    cancelled: str

    def due_now(self, payable: int, quantity: int) -> int:
        return min(self.deposit * quantity, payable)

    def check(self, price: Money, starts_at: datetime, ends_at: datetime) -> None:
        if self.deposit <= 0:
            raise RuleInvalid("terms.deposit", "must be more than zero")
        if not self.deposit <= self.counts_as <= price.amount:
            raise RuleInvalid("terms.counts_as", "must be no less than the deposit and no more than the price")
        if self.balance_closes_at <= self.balance_opens_at:
            raise RuleInvalid("terms.balance_closes_at", "must be after balance_opens_at")
        if self.balance_opens_at < starts_at:
            raise RuleInvalid("terms.balance_opens_at", "must not be before starts_at")
        for name in ("missed_balance", "cancelled"):
            if getattr(self, name) not in (FORFEIT, REFUND):
                raise RuleInvalid(f"terms.{name}", f"must be {FORFEIT} or {REFUND}")

    @classmethod
    def of(cls, sale: dict[str, Any]) -> "PresaleTerms":
        """The terms that an order was placed under."""
        return cls.from_document(sale)
