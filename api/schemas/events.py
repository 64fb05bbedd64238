"""Events as downstream systems read them, and as they are streamed to whoever watches an order."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from api.schemas.values import Response

EXAMPLE_EVENT: JsonDict = {
    "position": 4711,
    "type": "order.paid",
    "at": "2026-11-22T09:30:00Z",
    "order_no": "261122-7K3M9QXF2T8B",
    "sequence": 3,
    "data": {
        "order_no": "261122-7K3M9QXF2T8B",
        "sequence": 3,
        "at": "2026-11-22T09:30:00+00:00",
        "action": "confirm_payment",
        "from_state": "awaiting_payment",
        "to_state": "paid",
        "actor_role": "system",
        "order": {"order_type": "standard", "currency": "TWD", "payable": 16000},
    },
}


class EventItem(Response):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE_EVENT]})

    position: int = Field(description="grows without gaps over all orders")
    type: str
    at: datetime
    order_no: str
    sequence: int = Field(description="grows without gaps within the order")
    data: dict[str, Any] = Field(description="the event's document; see docs/events.md")


class EventPage(Response):
    items: list[EventItem]
    next_cursor: str = Field(description="the position to go on behind; there also when nothing is new")


class OrderNews(Response):
    """The data of one server-sent event."""

    order_no: str
    sequence: int
    at: datetime
    type: str
    subject: str = Field(description="`order`, or the number of the parcel or case that moved")
    subject_state: str | None = Field(
        description="where the parcel or case is; `null` when it is the order that the event is of"
    )
    actor_role: str
    status: str = Field(description="the order's status then, in the word of the caller's role")
    status_label: str
    system_status: str | None = Field(description="operators only")
