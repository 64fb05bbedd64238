"""Presales: a deposit that counts for more than it is, and a balance in a window of its own (R-TYPE-3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ordersaga.domain.campaigns import Terms, Window
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Instalment

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

    @property
    def bonus(self) -> int:
        """What a unit's deposit counts for beyond itself."""
        return self.counts_as - self.deposit

    @property
    def forfeit(self) -> int:
        """The deposit, where the terms say so."""
        return self.deposit if self.cancelled == FORFEIT else 0

    def due_now(self, payable: int, quantity: int) -> int:
        """The deposit, and never more than there is to pay: then there is no balance."""
        return min(self.deposit * quantity, payable)

    def window(self, instalment: Instalment) -> Window:
        if instalment is Instalment.BALANCE:
            return Window(opens_at=self.balance_opens_at, closes_at=self.balance_closes_at)
        return Window()

    def balance_due_at(self, opened_at: datetime, grace: timedelta) -> datetime:
        """Until when the balance may be paid once its window was opened.

        Who could not pay before it closed, because the deposit came late or the shop was away, has `grace` from then.
        """
        return self.balance_closes_at if opened_at < self.balance_closes_at else opened_at + grace

    def check(self, price: Money, starts_at: datetime, ends_at: datetime) -> None:
        if self.deposit <= 0:
            raise RuleInvalid("terms.deposit", "must be more than zero")
        if not self.deposit <= self.counts_as <= price.amount:
            raise RuleInvalid("terms.counts_as", "must be no less than the deposit and no more than the price")
        if self.balance_closes_at <= self.balance_opens_at:
            raise RuleInvalid("terms.balance_closes_at", "must be after balance_opens_at")
        if self.balance_closes_at < ends_at:
            raise RuleInvalid("terms.balance_closes_at", "must not be before ends_at, when the last deposit is ordered")
        if self.balance_opens_at < starts_at:
            raise RuleInvalid("terms.balance_opens_at", "must not be before starts_at")
        for name in ("missed_balance", "cancelled"):
            if getattr(self, name) not in (FORFEIT, REFUND):
                raise RuleInvalid(f"terms.{name}", f"must be {FORFEIT} or {REFUND}")
