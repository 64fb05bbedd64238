"""Preview: what a buyer asks, and what the shop answers."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, field_validator, model_validator

from api.schemas.values import EXAMPLE_ADDRESS, AddressBody, Identifier, MoneyBody, Request, Response, ShortText

MOST_UNITS = 9999
Quantity = Annotated[int, Field(ge=1, le=MOST_UNITS)]


class CartItemBody(Request):
    sku: Identifier
    quantity: Quantity


class QuoteRequest(Request):
    """A cart and where it goes: an `address`, or the `address_id` of a stored one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [{"sku": "TEA-OOLONG-150", "quantity": 2}, {"sku": "BOOK-TIDES", "quantity": 1}],
                    "address": EXAMPLE_ADDRESS,
                }
            ]
        }
    )

    items: list[CartItemBody] = Field(min_length=1, max_length=100)
    address: AddressBody | None = None
    address_id: Identifier | None = None
    coupon_codes: list[ShortText] = Field(default_factory=list, max_length=20)
    points: int = Field(0, ge=0, le=10**12)
    order_type: Identifier | None = None
    shipping_option: Identifier | None = None

    @field_validator("items")
    @classmethod
    def _units_in_bounds(cls, items: list[CartItemBody]) -> list[CartItemBody]:
        if sum(item.quantity for item in items) > MOST_UNITS:
            raise ValueError(f"an order has at most {MOST_UNITS} units")
        return items

    @model_validator(mode="after")
    def _one_address(self) -> "QuoteRequest":
        if (self.address is None) == (self.address_id is None):
            raise ValueError("give either address or address_id")
        return self


class DiscountView(Response):
    source: str
    code: str
    amount: MoneyBody


class SourceView(Response):
    """Where units of a line would come from if the order were placed now."""

    warehouse_id: str
    quantity: int


class QuoteLine(Response):
    line_no: int
    sku: str
    name: str
    merchant_id: str
    quantity: int
    unit_price: MoneyBody
    amount: MoneyBody
    discounts: list[DiscountView]
    payable: MoneyBody
    shipping: MoneyBody
    stock_hint: str = Field(description="`in_stock`, `low` or `insufficient`")
    sources: list[SourceView]


class TotalsView(Response):
    goods: MoneyBody
    discount: MoneyBody
    points: MoneyBody
    shipping: MoneyBody
    tax: MoneyBody
    payable: MoneyBody
    due_now: MoneyBody


class ShippingOptionView(Response):
    code: str
    fee: MoneyBody
    selected: bool


class OfferView(Response):
    """An offer that was considered: applied with its amount, or not, and why."""

    source: str
    code: str
    applied: bool
    reason: str
    amount: MoneyBody | None = None


class WarningView(Response):
    code: str
    message: str
    line_no: int | None = None
    sku: str | None = None
    available: int | None = None


class QuoteView(Response):
    """A preview. Nothing is stored or held; `quote_token` is what submit accepts."""

    quote_token: str
    quote_id: str
    expires_at: datetime
    order_type: str
    lines: list[QuoteLine]
    totals: TotalsView
    shipping_options: list[ShippingOptionView]
    offers: list[OfferView]
    warnings: list[WarningView]
