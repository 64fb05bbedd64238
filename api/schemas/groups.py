"""Groups of buyers, as everybody who has the code may see them: how many are in it, and not who."""

from datetime import datetime

from pydantic import ConfigDict, Field

from api.schemas.values import MoneyView, Response


class OrderGroupView(Response):
    """An order's group. Its `code` is what others join it with."""

    code: str
    state: str = Field(description="`forming`, `full`, `filled`, `expired` or `dissolved`")
    size: int
    seats_taken: int
    expires_at: datetime


class GroupView(OrderGroupView):
    """A group with what is bought in it. It is `joinable` while it forms and its campaign runs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "G-7K3M9-QXF2T",
                    "state": "forming",
                    "size": 3,
                    "seats_taken": 2,
                    "expires_at": "2026-11-24T09:00:00Z",
                    "campaign": "TEA-TOGETHER",
                    "order_type": "group_buy",
                    "sku": "TEA-OOLONG-150",
                    "price": {"amount": 29900, "currency": "TWD"},
                    "joinable": True,
                }
            ]
        }
    )

    campaign: str
    order_type: str
    sku: str
    price: MoneyView = Field(description="of one unit, for who joins now")
    joinable: bool
