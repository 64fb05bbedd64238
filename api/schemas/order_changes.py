"""What was changed of an order, and how it would be changed (R-REV-1)."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints, field_validator

from api.schemas.orders import OrderLineView
from api.schemas.quotes import MOST_UNITS, OfferView, TotalsView
from api.schemas.values import Identifier, MoneyView, Request, Response


class ChangedQuantity(Request):
    line_no: Annotated[int, Field(ge=1, le=100_000)]
    quantity: int = Field(ge=0, le=MOST_UNITS, description="how many units stay; 0 removes the line")


class ChangePreviewRequest(Request):
    """Fewer units of some lines, another way of delivery, or both. What is not named stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"shipping_option": "express", "lines": [{"line_no": 1, "quantity": 1}]}]}
    )

    shipping_option: Identifier | None = None
    lines: list[ChangedQuantity] = Field(default_factory=list, max_length=100)

    @field_validator("lines")
    @classmethod
    def _each_line_once(cls, lines: list[ChangedQuantity]) -> list[ChangedQuantity]:
        if len({item.line_no for item in lines}) < len(lines):
            raise ValueError("name each line once")
        return lines


class ChangeRequest(Request):
    """Accept a preview."""

    change_token: Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class PricedView(Response):
    """What an order costs, before or after."""

    shipping_option: str
    totals: TotalsView
    lines: list[OrderLineView]


class LineDifference(Response):
    """What becomes of a line; a line that goes, or comes as a gift, has no units on the other side."""

    line_no: int
    sku: str
    gift: bool
    quantity_before: int
    quantity_after: int
    payable_before: MoneyView
    payable_after: MoneyView


class ChangePreview(Response):
    """The order as it is and as it would be, by today's prices and offers. Nothing is changed or held.

    Fewer units may cost more: `payable_change` is above zero where a discount is lost.
    """

    change_token: str
    expires_at: datetime
    before: PricedView
    after: PricedView
    payable_change: MoneyView = Field(description="what is to be paid more; less than zero where it is less")
    lines: list[LineDifference] = Field(description="the lines that differ")
    offers: list[OfferView]


class OrderChangeView(Response):
    """One change. `before` and `after` have the fields that it was about; amounts in them are minor units."""

    sequence: int
    at: datetime
    actor_role: str
    actor: str
    action: str = Field(description="`change_receiver`, `change_delivery_note` or `change_order`")
    before: dict[str, Any]
    after: dict[str, Any]


class OrderChanges(Response):
    items: list[OrderChangeView]
