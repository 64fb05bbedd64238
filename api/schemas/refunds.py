"""Refunds: money on its way back, and what operators decide of one that failed."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from api.schemas.values import STORABLE, MoneyBody, Request, Response
from ordersaga.domain.lifecycle.refund import RefundState

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=STORABLE)]


class RefundView(Response):
    """A refund as its buyer sees it."""

    refund_no: str
    payment_id: str
    amount: MoneyBody
    state: RefundState
    reason: str = Field(description="`amount_mismatch`, `not_awaited` …: why the order did not take the money")
    requested_at: datetime
    updated_at: datetime


class RefundRecord(RefundView):
    """A refund as operators see it."""

    order_no: str
    source_document: str = Field(description="why there is a refund; each has one at most")
    provider: str
    tries: int = Field(description="how often it was set going")
    provider_refund_id: str | None
    failure: str | None = Field(description="the provider's reason, while it is failed or settled by hand")


class RefundDecision(Request):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"decision": "settle", "note": "paid back by bank transfer, receipt 4711"}]}
    )

    decision: Literal["retry", "settle"] = Field(
        description="`retry`: the provider is asked again; `settle`: the money was given back by hand"
    )
    note: Note
