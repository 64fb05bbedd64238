"""Points: what they are worth, and what accounts have of them."""

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from api.schemas.effects import BasisPoints
from api.schemas.values import MoneyBody, Request, Response, ShortText, money
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.pricing.effects import WHOLE
from ordersaga.domain.pricing.points import PointsPolicy

Points = Annotated[int, Field(ge=0, le=10**12)]
Document = Annotated[
    str,
    StringConstraints(max_length=120, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$"),
    Field(description="what the booking rests on; of one account each is booked once"),
]


def _not_zero(points: int) -> int:
    if points == 0:
        raise ValueError("must not be zero")
    return points


class PointsPolicyBody(Request):
    """`points` are worth `amount` and are spent in multiples of them, at least `minimum`. They pay at most
    `share_basis_points` of the goods. One is earned with every `earned_per` that money pays for received goods.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "points": 10,
                    "amount": {"amount": 100, "currency": "TWD"},
                    "share_basis_points": 5000,
                    "minimum": 50,
                    "earned_per": 10000,
                }
            ]
        }
    )

    points: Points = 1
    amount: MoneyBody
    share_basis_points: BasisPoints = WHOLE
    minimum: Points = 0
    earned_per: Points = Field(default=0, description="minor units of the currency of `amount`; 0 earns nothing")

    def to_policy(self, currency: str | None = None) -> PointsPolicy:
        """Raises `RuleInvalid`, also if `amount` is not in the `currency` that the policy is to be of."""
        if currency not in (None, self.amount.currency):
            raise RuleInvalid("amount.currency", f"must be {currency}")
        return PointsPolicy(
            currency=self.amount.currency,
            points=self.points,
            amount=self.amount.amount,
            share_basis_points=self.share_basis_points,
            minimum=self.minimum,
            earned_per=self.earned_per,
        )


class PointsBooking(Request):
    """Points to give, or with a negative number to take back. The same `document` again changes nothing."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"points": 500, "document": "complaint/4711", "reason": "late"}]}
    )

    points: Annotated[int, Field(ge=-(10**12), le=10**12), AfterValidator(_not_zero)]
    document: Document
    reason: ShortText | None = None


class PointsSum(Response):
    balance: int
    locked: int


class PointsView(Response):
    """Of the `balance`, unpaid orders hold `locked`; `adds_up` says whether the ledger agrees with both."""

    balance: int
    locked: int
    available: int
    ledger_sum: PointsSum
    adds_up: bool


class PointsWorth(Response):
    """What the available points would pay at most in a currency, and by which policy."""

    worth: MoneyBody
    policy: PointsPolicyBody


def policy_view(policy: PointsPolicy) -> dict[str, Any]:
    terms = {name: value for name, value in asdict(policy).items() if name != "currency"}
    return {**terms, "amount": money(policy.amount, policy.currency)}
