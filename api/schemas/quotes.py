"""Preview: what a buyer asks, and what the shop answers."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, field_validator, model_validator

from api.schemas.values import EXAMPLE_ADDRESS, AddressBody, Identifier, MoneyView, Request, Response, ShortText
from ordersaga.domain.pricing.occasion import WEB

MOST_UNITS = 9999
Quantity = Annotated[int, Field(ge=1, le=MOST_UNITS)]


class CartItemBody(Request):
    sku: Identifier
    quantity: Quantity


class QuoteRequest(Request):
    """A cart and where it goes: an `address`, or the `address_id` of a stored one; neither for what is not shipped.

    With an `order_type` it is priced as that type, which a campaign may offer beside the goods' own; `group_code` is
    the group of buyers to join, and a new one is opened without.

    Without `coupon_codes` the shop picks the best of the buyer's coupons; `[]` wants none; named ones are the buyer's
    choice, and no others take part. `promotion_codes` are preferred over what excludes them, after the coupons.
    `points` are to be spent: all of them, or none with the most that may be.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [{"sku": "TEA-OOLONG-150", "quantity": 2}, {"sku": "BOOK-TIDES", "quantity": 1}],
                    "address": EXAMPLE_ADDRESS,
                },
                {
                    "items": [{"sku": "TEA-OOLONG-150", "quantity": 2}],
                    "address_id": "adr_5f0c1d2e3a4b",
                    "coupon_codes": ["WELCOME-7K3M9QXF"],
                    "promotion_codes": ["TEA-WEEK"],
                    "points": 500,
                    "channel": "app",
                },
            ]
        }
    )

    items: list[CartItemBody] = Field(min_length=1, max_length=100)
    address: AddressBody | None = None
    address_id: Identifier | None = None
    coupon_codes: list[ShortText] | None = Field(None, max_length=20)
    promotion_codes: list[ShortText] = Field(default_factory=list, max_length=20)
    points: int = Field(0, ge=0, le=10**12)
    channel: Identifier = WEB
    order_type: Identifier | None = None
    group_code: Identifier | None = None
    shipping_option: Identifier | None = None

    @field_validator("items")
    @classmethod
    def _units_in_bounds(cls, items: list[CartItemBody]) -> list[CartItemBody]:
        if sum(item.quantity for item in items) > MOST_UNITS:
            raise ValueError(f"an order has at most {MOST_UNITS} units")
        return items

    @model_validator(mode="after")
    def _one_address(self) -> "QuoteRequest":
        if self.address is not None and self.address_id is not None:
            raise ValueError("give either address or address_id")
        return self


class DiscountView(Response):
    """What one offer takes off a line. The code of a coupon's discount is the coupon's own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source": "promotion",
                    "code": "TEA-WEEK",
                    "name": "Tea week",
                    "amount": {"amount": 2000, "currency": "TWD"},
                }
            ]
        }
    )

    source: str = Field(description="`promotion`, `member_benefit`, `coupon` or `presale`")
    code: str
    name: str
    amount: MoneyView


class SourceView(Response):
    """Where units of a line would come from if the order were placed now."""

    warehouse_id: str
    quantity: int


class QuoteLine(Response):
    """`payable` is `amount` less the discounts and what points pay; `shipping` is the fee less its discounts."""

    line_no: int
    sku: str
    name: str
    merchant_id: str
    quantity: int
    gift: bool = Field(description="given with the goods, and discounted to nothing")
    unit_price: MoneyView
    amount: MoneyView
    discounts: list[DiscountView]
    points: MoneyView = Field(description="paid in points")
    payable: MoneyView
    shipping: MoneyView
    shipping_discounts: list[DiscountView]
    stock_hint: str = Field(description="`in_stock`, `low` or `insufficient`")
    sources: list[SourceView]


class TotalsView(Response):
    """`payable` is `goods` less `discount` less `points`, and `shipping`, which is the fee less `shipping_discount`."""

    goods: MoneyView
    discount: MoneyView
    points: MoneyView
    shipping: MoneyView
    shipping_discount: MoneyView
    tax: MoneyView
    payable: MoneyView
    due_now: MoneyView


class ShippingOptionView(Response):
    code: str
    fee: MoneyView
    selected: bool


class MissingView(Response):
    """How much more must be bought."""

    amount: MoneyView | None = None
    count: int | None = None


class OfferView(Response):
    """An offer that was considered: applied with its amount, or not, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source": "promotion",
                    "code": "SPEND-300",
                    "name": "30 off from 300",
                    "applied": False,
                    "reason": "minimum_not_reached",
                    "amount": None,
                    "missing": {"amount": {"amount": 4500, "currency": "TWD"}, "count": None},
                    "excluded_by": None,
                    "at_most": None,
                }
            ]
        }
    )

    source: str
    code: str
    name: str
    applied: bool
    reason: str = Field(description="why it is not applied, as a stable word")
    amount: MoneyView | None = Field(None, description="what it takes off goods and delivery together")
    missing: MissingView | None = Field(None, description="until it is earned, or its next tier")
    excluded_by: str | None = Field(None, description="the applied offer with which it cannot be combined")
    at_most: int | None = Field(None, description="how many points may be spent")


class WarningView(Response):
    code: str
    message: str
    line_no: int | None = None
    sku: str | None = None
    available: int | None = None
    limit: str | None = Field(None, description="the purchase limit that would be exceeded")


class QuoteView(Response):
    """A preview. Nothing is stored or held; `quote_token` is what submit accepts."""

    quote_token: str
    quote_id: str
    expires_at: datetime
    order_type: str
    campaign: str | None = None
    sale: dict[str, Any] | None = Field(None, description="the campaign's terms, and the buyer's choices")
    lines: list[QuoteLine]
    totals: TotalsView
    shipping_options: list[ShippingOptionView]
    offers: list[OfferView]
    offers_exact: bool = Field(description="whether no other combination of offers would cost less")
    warnings: list[WarningView]
