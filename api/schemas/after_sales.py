"""After-sales cases: what is said of one, and how it stands (R-REV-3 … R-REV-8)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict

from api.schemas.breakdowns import BreakdownView
from api.schemas.claims import LineNo, each_once
from api.schemas.refunds import Note, RefundView
from api.schemas.values import STORABLE, Request, Response, Units
from ordersaga.domain.after_sales.case import Fault, Kind, Reason, Restock
from ordersaga.domain.after_sales.details import SHIPMENT_CODE, Inspected, accepting
from ordersaga.domain.lifecycle.after_sales import CaseState

Remark = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=STORABLE)]
ShipmentCode = Annotated[str, StringConstraints(pattern=SHIPMENT_CODE)]


class Decision(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"decision": "approve", "note": "the photo shows it"}]})

    decision: Literal["approve", "reject"]
    note: Note


class ReturnShipment(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"carrier": "post", "tracking_no": "RR123456789TW"}]})

    carrier: ShipmentCode
    tracking_no: ShipmentCode


class InspectedLine(Request):
    line_no: LineNo
    accepted: Units = Field(description="how many of the claimed units; the others are refused")
    restock: Literal["sellable", "defective"] = "sellable"


class Inspection(Request):
    """Every claimed line is named. Nothing accepted at all is a refusal, and its note says why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"lines": [{"line_no": 1, "accepted": 1, "restock": "defective"}], "note": "the lid is bent"}]
        }
    )

    lines: Annotated[list[InspectedLine], Field(min_length=1, max_length=1000), AfterValidator(each_once)]
    note: Remark = ""

    @model_validator(mode="after")
    def _a_refusal_says_why(self) -> "Inspection":
        if not self.note and not any(line.accepted for line in self.lines):
            raise ValueError("who accepts nothing says why in the note")
        return self


class StopDecision(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"decision": "stop", "note": "taken off the belt"}]})

    decision: Literal["stop", "refuse"] = Field(
        description="`stop`: the goods stay, the money goes back; `refuse`: they leave, and come back as a return"
    )
    note: Remark = ""


class Words(Request):
    """What somebody adds to it."""

    note: Remark = ""


class CaseHeading(Response):
    """What lists show of a case, in the words of the role that reads it. `system_status` is for operators."""

    case_no: str
    order_no: str
    kind: Kind
    status: str
    status_label: str
    system_status: CaseState | None = None
    reason: Reason
    merchant_id: str
    quantity: int = Field(description="how many units it claims")
    due_at: datetime | None = Field(None, description="when silence decides; `null` where it does not")
    replacement_order_no: str | None = Field(None, description="the order that an exchange ended in")
    opened_at: datetime
    updated_at: datetime


class CaseLineView(Response):
    line_no: int
    sku: str
    name: str
    quantity: int
    accepted: int | None = Field(None, description="by the inspection; `null` before it")
    restock: Restock | None = None
    replacement_sku: str | None = None


class ShipmentView(Response):
    """How the goods came back; what nobody has said is left empty."""

    carrier: str | None = None
    tracking_no: str | None = None
    shipped_at: datetime | None = None
    received_at: datetime | None = None


class EvidenceView(Response):
    attachment_id: str
    content_type: str
    size: int = Field(description="bytes")


class CaseActionView(Response):
    action: str
    enabled: bool
    reason: str


EXAMPLE_CASE: JsonDict = {
    "case_no": "261122-7K3M9QXF2T8B-A1",
    "order_no": "261122-7K3M9QXF2T8B",
    "kind": "return",
    "status": "awaiting_return",
    "status_label": "Send it back",
    "reason": "defective",
    "merchant_id": "tea-house",
    "quantity": 1,
    "due_at": "2026-11-29T09:30:00Z",
    "opened_at": "2026-11-22T09:00:00Z",
    "updated_at": "2026-11-22T09:30:00Z",
    "fault": "seller",
    "opened_by_role": "buyer",
    "description": "the lid does not close",
    "warehouse_id": "taipei",
    "lines": [
        {
            "line_no": 1,
            "sku": "teapot",
            "name": "Teapot",
            "quantity": 1,
        }
    ],
    "refunds": [],
    "attachments": [],
    "available_actions": [{"action": "ship_back", "enabled": True, "reason": ""}],
}


class CaseView(CaseHeading):
    """A case, as far as the role that reads it may see."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_CASE]})

    fault: Fault = Field(description="who bears what delivery cost")
    opened_by_role: str
    description: str = Field(description="what the one who opened it wrote; not for warehouses and downstream systems")
    warehouse_id: str | None = Field(None, description="where the goods go back to")
    lines: list[CaseLineView]
    return_shipment: ShipmentView | None = None
    settlement: BreakdownView | None = Field(None, description="what it gave back, and why; not for warehouses")
    refunds: list[RefundView] = Field(description="not for merchants and warehouses")
    attachments: list[EvidenceView] = Field(description="evidence; not for warehouses")
    available_actions: list[CaseActionView]


def inspection_details(inspection: Inspection) -> dict[str, Any]:
    """What an `accept` carries; nothing when nothing was accepted."""
    if not any(line.accepted for line in inspection.lines):
        return {}
    return accepting(Inspected(line.line_no, line.accepted, Restock(line.restock)) for line in inspection.lines)
