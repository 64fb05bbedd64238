"""Parcels, and what is reported of them."""

from datetime import datetime

from pydantic import AwareDatetime, ConfigDict, Field

from api.schemas.values import Request, Response
from ordersaga.domain.lifecycle.parcel import EVENTS, ParcelState


class ParcelEvent(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"event": "picked"}]})

    event: ParcelState = Field(
        strict=False,
        description="one of " + ", ".join(EVENTS),
        json_schema_extra={"enum": [event.value for event in EVENTS]},
    )
    at: AwareDatetime | None = Field(None, strict=False, description="when it happened; now if left out")


class ParcelEventAccepted(Response):
    """The report is stored and will be applied; `state` is the parcel's state just before."""

    parcel_no: str
    event: str
    state: str
    accepted: bool


class ParcelLine(Response):
    line_no: int
    sku: str
    quantity: int


class ParcelView(Response):
    parcel_no: str
    order_no: str
    merchant_id: str
    warehouse_id: str
    transport_class: str
    weight_g: int
    state: str
    updated_at: datetime
    lines: list[ParcelLine]
