"""Claims: what is asked for, and what would come back (R-REV-3 … R-REV-6, R-REV-8)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, Protocol, TypeVar

from pydantic import AfterValidator, ConfigDict, Field

from api.schemas.breakdowns import BreakdownView
from api.schemas.values import Identifier, LongText, Request, Response
from ordersaga.domain.after_sales.case import Kind
from ordersaga.domain.attachments import PER_CASE

LineNo = Annotated[int, Field(ge=1, le=100_000)]
Quantity = Annotated[int, Field(ge=1, le=100_000)]
ClaimReason = Literal["changed_mind", "not_as_described", "defective", "wrong_item", "missing_item", "late", "other"]


class _LineNamed(Protocol):
    @property
    def line_no(self) -> int: ...


OfLine = TypeVar("OfLine", bound=_LineNamed)


def each_once(lines: list[OfLine]) -> list[OfLine]:
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


ManyUnits = Annotated[list[UnitsOfLine], Field(min_length=1, max_length=1000), AfterValidator(each_once)]


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
    lines: Annotated[list[ClaimedLine], Field(min_length=1, max_length=1000), AfterValidator(each_once)]
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
