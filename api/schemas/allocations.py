"""The allocation ledger of an order, and who bears it."""

from pydantic import ConfigDict, Field

from api.schemas.values import MoneyView, Response


class RunView(Response):
    """So many units of the line, one after the other, each with this amount."""

    quantity: int
    amount: MoneyView


class AllocationView(Response):
    """A share on one line, and on each of its units, the first unit first. A fee is borne by nobody."""

    kind: str = Field(description="`discount`, `points`, `shipping_fee` or `shipping_discount`")
    source: str
    code: str
    name: str
    version: int = Field(description="the rule's version that was applied")
    funded_by: str | None = Field(description="`platform`, or the line's `merchant`")
    amount: MoneyView
    units: list[RunView]


class AllocatedLineView(Response):
    line_no: int
    sku: str
    merchant_id: str
    quantity: int
    gift: bool
    unit_price: MoneyView
    allocations: list[AllocationView]


class ShareView(Response):
    """What one bearer pays for in settlement."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "bearer": "merchant",
                    "merchant_id": "teahouse",
                    "discount": {"amount": 2000, "currency": "TWD"},
                    "points": {"amount": 0, "currency": "TWD"},
                    "shipping_discount": {"amount": 0, "currency": "TWD"},
                    "total": {"amount": 2000, "currency": "TWD"},
                }
            ]
        }
    )

    bearer: str
    merchant_id: str | None
    discount: MoneyView
    points: MoneyView
    shipping_discount: MoneyView
    total: MoneyView


class AllocationsView(Response):
    """Merchants see their own lines, and the shares on just these."""

    order_no: str
    lines: list[AllocatedLineView]
    shares: list[ShareView]
