"""What an offer gives: one document for each kind of rule. Which numbers make sense is said by the domain."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, WrapValidator

from api.schemas.rules import untagged
from api.schemas.values import Identifier, MoneyBody, Request
from ordersaga.domain.errors import RuleInvalid
from ordersaga.domain.pricing.effects import Measure

BasisPoints = Annotated[int, Field(ge=0, le=2**31, description="200 are 2 %; at most 10000")]
Count = Annotated[int, Field(ge=0, le=10**9)]
Times = Annotated[Count | None, Field(description="at most so many times in an order")]


class PercentageBody(Request):
    """A share of what the goods cost, at most `at_most`. A member who pays 98 % has 200 basis points off."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "percentage", "basis_points": 1000}]})

    kind: Literal["percentage"]
    basis_points: BasisPoints
    at_most: MoneyBody | None = None


class AmountOffBody(Request):
    """An amount off the goods together, or off each unit."""

    kind: Literal["amount_off"]
    amount: MoneyBody
    each_unit: bool = False


class FixedPriceBody(Request):
    """Each unit costs `price`, unless it costs less already."""

    kind: Literal["fixed_price"]
    price: MoneyBody


class PriceListBody(Request):
    """A price of its own for each SKU, such as those of a member's tier. The SKUs are its scope."""

    kind: Literal["price_list"]
    prices: dict[Identifier, MoneyBody] = Field(max_length=1000)


def _tag_of(threshold: Any) -> str:
    return "money" if isinstance(threshold, dict | MoneyBody) else "count"


Threshold = Annotated[
    Annotated[MoneyBody, Tag("money")] | Annotated[Count, Tag("count")],
    Discriminator(_tag_of),
    WrapValidator(untagged),
    Field(description="money with the measure `amount`; with `count` a number of units"),
]


class TierBody(Request):
    """From `threshold` on: `amount_off`, or `basis_points` of what the goods cost."""

    threshold: Threshold
    amount_off: MoneyBody | None = None
    basis_points: BasisPoints | None = None


class TiersBody(Request):
    """Spend X, save Y: the highest tier that is reached; with `repeat`, its one tier for every X."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "tiers",
                    "tiers": [
                        {
                            "threshold": {"amount": 100000, "currency": "TWD"},
                            "amount_off": {"amount": 10000, "currency": "TWD"},
                        },
                        {
                            "threshold": {"amount": 200000, "currency": "TWD"},
                            "amount_off": {"amount": 30000, "currency": "TWD"},
                        },
                    ],
                }
            ]
        }
    )

    kind: Literal["tiers"]
    measure: Measure = Field(Measure.AMOUNT, strict=False)
    tiers: list[TierBody] = Field(max_length=100)
    repeat: bool = False
    at_most: MoneyBody | None = None

    def check_measure(self) -> None:
        """Raises `RuleInvalid` for a threshold that does not count what `measure` says."""
        for place, tier in enumerate(self.tiers):
            if isinstance(tier.threshold, MoneyBody) != (self.measure is Measure.AMOUNT):
                wanted = "money" if self.measure is Measure.AMOUNT else "a number of units"
                raise RuleInvalid(f"tiers.{place}.threshold", f"must be {wanted}, as the measure is {self.measure}")


class NthItemBody(Request):
    """Of every `every` units, dearest first, the `discounted` cheapest are `basis_points` off."""

    kind: Literal["nth_item"]
    every: Count
    discounted: Count = 1
    basis_points: BasisPoints
    same_sku: bool = False
    times: Times = None


class BuyGetBody(Request):
    """Buy N, get M of them free: of every N + M units, dearest first, the M cheapest cost nothing."""

    kind: Literal["buy_get"]
    buy: Count
    get: Count
    same_sku: bool = False
    times: Times = None


class BundlePriceBody(Request):
    """These goods together cost `price`, for as many sets as the cart holds. The SKUs are its scope."""

    kind: Literal["bundle_price"]
    items: dict[Identifier, Count] = Field(max_length=100, description="how many units of each SKU make a set")
    price: MoneyBody
    times: Times = None


class GiftBody(Request):
    """Units of a SKU for nothing; with `repeat`, for every time that the offer's minimum is reached."""

    kind: Literal["gift"]
    sku: Identifier
    quantity: Annotated[int, Field(ge=0, le=9999)] = 1
    repeat: bool = False


class FreeShippingBody(Request):
    """The delivery fee of the goods in scope, at most `at_most`, for these shipping options, or for all of them."""

    kind: Literal["free_shipping"]
    options: list[Identifier] = Field(default_factory=list, max_length=100)
    at_most: MoneyBody | None = None


CouponEffectBody = Annotated[
    PercentageBody | AmountOffBody | TiersBody | FreeShippingBody,
    Field(discriminator="kind"),
    WrapValidator(untagged),
]
EffectBody = Annotated[
    PercentageBody
    | AmountOffBody
    | FixedPriceBody
    | PriceListBody
    | TiersBody
    | NthItemBody
    | BuyGetBody
    | BundlePriceBody
    | GiftBody
    | FreeShippingBody,
    Field(discriminator="kind"),
    WrapValidator(untagged),
]
