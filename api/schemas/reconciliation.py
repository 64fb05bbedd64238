"""Differences between the books: what operators read of them, and what they decide."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.refunds import Note
from api.schemas.values import Request, Response
from ordersaga.domain.reconciliation import Fix, Item, ItemState, Kind, Severity


class ReconciliationItem(Response):
    """A difference. The same one found again is the same item; one that is not found any more is `gone`."""

    item_id: str
    kind: Kind
    subject: str = Field(description="what differs: a shelf, a payment, an order …")
    order_no: str | None
    severity: Severity = Field(
        description="`money` was lost or kept; something is `held` from others; a sum in `books`"
    )
    expected: dict[str, Any]
    found: dict[str, Any]
    state: ItemState
    fix: Fix | None = Field(description="what the decision `fix` does; none where a person has to think")
    first_seen: datetime
    last_seen: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str | None

    @classmethod
    def of(cls, item: Item) -> "ReconciliationItem":
        return cls.model_validate({name: getattr(item, name) for name in cls.model_fields})


class ReconciliationDecision(Request):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"decision": "resolve", "note": "counted the shelf, and adjusted it"}]}
    )

    decision: Literal["resolve", "ignore", "fix"] = Field(
        description="`resolve`: it is dealt with; `ignore`: it is none, as long as it stays the same; `fix`: do what "
        "repairs it, where there is something that is safe"
    )
    note: Note


class CheckView(Response):
    """When something was looked at last."""

    check: str
    looked_at: datetime
    seconds: float
    found: int
    complete: bool = Field(description="false: there is more than was told")
