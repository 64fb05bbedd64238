"""Points as money: what they are worth, and how much of an order they may pay (R-PRC-1)."""

from dataclasses import dataclass

from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.pricing.effects import WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsPolicy:
    """`points` are worth `amount` minor units of `currency`, and are spent in multiples of `points`, so that nothing
    is rounded. They pay at most `share_basis_points` of the goods, and at least `minimum` of them are spent.
    One point is earned with every `earned_per` minor units that money paid for received goods, none if that is 0.
    """

    currency: str
    points: int = 1
    amount: int = 1
    share_basis_points: int = WHOLE
    minimum: int = 0
    earned_per: int = 0

    def __post_init__(self) -> None:
        for name in ("points", "amount"):
            if getattr(self, name) <= 0:
                raise RuleInvalid(name, "must be more than zero")
        if not 0 < self.share_basis_points <= WHOLE:
            raise RuleInvalid("share_basis_points", f"must be more than zero and at most {WHOLE}, which is 100 %")
        for name in ("minimum", "earned_per"):
            if getattr(self, name) < 0:
                raise RuleInvalid(name, "must not be negative")

    def value(self, points: int) -> int:
        """What so many points pay, in minor units."""
        return points // self.points * self.amount

    def earned(self, paid: int) -> int:
        """How many points goods earn that money paid so much for."""
        return paid // self.earned_per if self.earned_per else 0

    def most(self, balance: int, payable: int) -> int:
        """The most points that may be spent of `balance` on goods for `payable`; 0 if that is less than the minimum."""
        ceiling = payable * self.share_basis_points // WHOLE
        found = min(balance // self.points, ceiling // self.amount) * self.points
        return found if found >= self.minimum else 0
