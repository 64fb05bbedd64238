"""Webhook endpoints of downstream systems, their deliveries, and the Redis stream, for operators."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from api.schemas.values import STORABLE, Request, Response
from ordersaga.domain.webhooks import DeliveryState

Url = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=STORABLE)]
Description = Annotated[str, StringConstraints(max_length=200, pattern=STORABLE)]
EventTypes = Annotated[
    list[Annotated[str, StringConstraints(max_length=64, pattern=STORABLE)]],
    Field(max_length=100, description="only these, such as `order.paid`; empty: all of them"),
]
Position = Annotated[int, Field(ge=0, le=2**63 - 1)]

_EXAMPLE: JsonDict = {
    "url": "https://erp.example/hooks/orders",
    "description": "the bookkeeping",
    "event_types": ["order.paid", "refund.succeeded"],
}


class EndpointRequest(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    url: Url
    description: Description = ""
    event_types: EventTypes = Field(default_factory=list)


class EndpointChange(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "paused"}]})

    url: Url | None = None
    description: Description | None = None
    event_types: EventTypes | None = None
    state: Literal["enabled", "paused", "disabled"] | None = Field(
        None, description="events wait for a paused endpoint; for a disabled one they can be replayed"
    )


class EndpointView(Response):
    endpoint_id: str
    url: str
    description: str
    event_types: list[str]
    state: str
    state_reason: str
    created_at: datetime
    updated_at: datetime


class EndpointDetail(EndpointView):
    pending: int
    dead: int


class EndpointCreated(EndpointView):
    secret: str = Field(description="signs what is sent; shown this once")


class SecretRotation(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"overlap_seconds": 3600}]})

    overlap_seconds: int | None = Field(
        None, ge=0, le=30 * 86_400, description="how long the old secret signs beside the new one; a day if not set"
    )


class SecretRotated(Response):
    secret: str = Field(description="the new one; shown this once")
    old_secret_until: datetime | None


class PingAnswer(Response):
    """What came of a `webhook.test`: a status, or the reason why there is none."""

    delivered: bool
    event_id: str
    status: int | None
    error: str | None
    duration_ms: float


class DeliveryView(Response):
    position: int
    type: str
    order_no: str
    state: DeliveryState
    tries: int
    next_try_at: datetime | None = Field(description="only while it is pending")
    last_status: int | None
    last_error: str | None
    settled_at: datetime | None


class ReplayRequest(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"after": 4700, "until": 4800}]})

    after: Position
    until: Position | None = Field(None, description="the last event there is, if not set")


class Replayed(Response):
    queued: int
    until: int = Field(description="so far it was queued; ask again behind it while `more`")
    more: bool


class DeadLetterRetry(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"positions": [4711]}]})

    positions: list[Position] | None = Field(None, max_length=1000, description="all of them, if not set")


class DeadLettersRetried(Response):
    queued: int


class StreamRestart(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"after": 0}]})

    after: Position = 0


class StreamView(Response):
    key: str
    last_position: int
    length: int
    head: int = Field(description="the position of the last event there is")
