"""After-sales cases: what is claimed, what is said of a claim, and how it stands (R-REV-3 … R-REV-8)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict

from api.schemas.refunds import Note, RefundView
from api.schemas.values import STORABLE, Identifier, LongText, MoneyView, Request, Response, Units
from ordersaga.domain.after_sales.case import Fault, Kind, Reason, Restock
from ordersaga.domain.after_sales.details import SHIPMENT_CODE, Inspected, accepting
from ordersaga.domain.attachments import PER_CASE
from ordersaga.domain.lifecycle.after_sales import CaseState

LineNo = Annotated[int, Field(ge=1, le=100_000)]
Quantity = Annotated[int, Field(ge=1, le=100_000)]
ClaimReason = Literal["changed_mind", "not_as_described", "defective", "wrong_item", "missing_item", "late", "other"]
Remark = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=STORABLE)]
ShipmentCode = Annotated[str, StringConstraints(pattern=SHIPMENT_CODE)]


class _OfLine(Protocol):
    @property
    def line_no(self) -> int: ...


OfLine = TypeVar("OfLine", bound=_OfLine)


def _each_once(lines: list[OfLine]) -> list[OfLine]:
    if len({line.line_no for line in lines}) < len(lines):
        raise ValueError("each line is named once")
    return lines


class UnitsOfLine(Request):
    """So many units of a line."""

    line_no: LineNo
    quantity: Quantity


class ClaimedLine(UnitsOfLine):
    replacement_sku: Identifier | None = Field(
        None, description="of an exchange: another SKU of the same seller and price; the same one without"
    )


ManyUnits = Annotated[list[UnitsOfLine], Field(min_length=1, max_length=1000), AfterValidator(_each_once)]


class CaseRequest(Request):
    """A claim on units of one seller's lines."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "return",
                    "lines": [{"line_no": 1, "quantity": 1}],
                    "reason": "defective",
                    "description": "the lid does not close",
                }
            ]
        }
    )

    kind: Literal["refund", "return", "exchange"] = Field(
        description="`refund`: money, and the goods stay; `return`: goods back, then money; `exchange`: goods for goods"
    )
    lines: Annotated[list[ClaimedLine], Field(min_length=1, max_length=1000), AfterValidator(_each_once)]
    reason: ClaimReason
    description: LongText = ""
    attachments: list[Identifier] = Field(default_factory=list, max_length=PER_CASE, description="evidence, by its ids")


class PreviewRequest(Request):
    """What would come back? Without lines: only what may be claimed at all."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "return", "lines": [{"line_no": 1, "quantity": 1}], "reason": "changed_mind"}]
        }
    )

    kind: Literal["cancellation", "refund", "return", "exchange"]
    lines: ManyUnits | None = None
    reason: ClaimReason = "changed_mind"


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

    lines: Annotated[list[InspectedLine], Field(min_length=1, max_length=1000), AfterValidator(_each_once)]
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


class WithheldView(Response):
    reason: str
    amount: MoneyView = Field(description="less than zero where what was withheld before comes back now")
    source: str
    code: str
    line_no: int | None


class LineBackView(Response):
    """What was paid for the units of a line, in all of its tenders."""

    line_no: int
    quantity: int
    goods: MoneyView
    shipping: MoneyView
    points: MoneyView = Field(description="what points had paid")


class BreakdownView(Response):
    """Σ `lines` - Σ `withheld` = `money` + `points_value`."""

    lines: list[LineBackView]
    withheld: list[WithheldView]
    money: MoneyView = Field(description="what goes back to how it was paid")
    points: int = Field(description="what goes back to the buyer's points")
    points_value: MoneyView = Field(description="what those points are worth")
    earned_points: int = Field(description="earned with these goods, and taken back")
    nothing_stays: bool = Field(description="whether nothing paid for is left: then coupons come back by their rules")


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
    description: str = Field(description="what the one who opened it wrote; not for warehouses")
    warehouse_id: str | None = Field(None, description="where the goods go back to")
    lines: list[CaseLineView]
    return_shipment: ShipmentView | None = None
    settlement: BreakdownView | None = Field(None, description="what it gave back, and why; not for warehouses")
    refunds: list[RefundView] = Field(description="not for merchants and warehouses")
    attachments: list[EvidenceView] = Field(description="evidence; not for warehouses")
    available_actions: list[CaseActionView]


class ClaimableLine(Response):
    """How many units of a line are open to each kind of claim now."""

    line_no: int
    sku: str
    name: str
    cancellation: int
    refund: int
    return_: int = Field(alias="return")
    exchange: int


class CasePreview(Response):
    order_no: str
    kind: Kind
    claimable_until: datetime | None = Field(description="`null` while the order is not received")
    claimable: list[ClaimableLine]
    would_come_back: BreakdownView | None = Field(
        description="if it were settled now; of an exchange: if it ran out and the buyer took money"
    )


def wanted_of(lines: Iterable[UnitsOfLine]) -> dict[int, int]:
    """Line number → quantity."""
    return {line.line_no: line.quantity for line in lines}


def inspection_details(inspection: Inspection) -> dict[str, Any]:
    """What an `accept` carries; nothing when nothing was accepted."""
    if not any(line.accepted for line in inspection.lines):
        return {}
    return accepting(Inspected(line.line_no, line.accepted, Restock(line.restock)) for line in inspection.lines)
