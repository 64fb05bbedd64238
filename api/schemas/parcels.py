"""Parcels, and what is reported of them."""

from datetime import datetime

from pydantic import AwareDatetime, ConfigDict, Field

from api.schemas.refunds import Note
from api.schemas.values import Request, Response
from ordersaga.domain.after_sales.case import Restock
from ordersaga.domain.lifecycle.parcel import EVENTS, ParcelState, Resolution


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
    replaces: str | None = Field(None, description="the parcel that was stopped in part, or given up, for this one")
    updated_at: datetime
    lines: list[ParcelLine]


class ParcelResolutionRequest(Request):
    """What becomes of a parcel that was lost or refused."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"decision": "reship", "note": "the carrier lost it"}]})

    decision: Resolution = Field(
        strict=False, description="`reship`: the same goods again, or the money if there are none; `refund`: the money"
    )
    note: Note


class ResolvedParcelView(ParcelView):
    replaced_by: list[str] = Field(description="parcels with the same goods; none where the money goes back")


class RestockRequest(Request):
    """Onto which stock the goods go that came back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"restock": "sellable"}]})

    restock: Restock = Field(strict=False)
