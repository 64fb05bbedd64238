"""The sandbox provider's statement, as its merchants read it."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel

from ordersaga.persistence.sandbox_statement import SandboxBooking


class StatementLineView(BaseModel):
    """Money that was moved; `refund_no` is the merchant's number of a refund."""

    booking: Literal["capture", "refund"]
    payment_id: str
    refund_no: str | None
    amount: int
    currency: str
    at: datetime


class StatementView(BaseModel):
    lines: list[StatementLineView]
    next_cursor: str | None

    @classmethod
    def of(cls, lines: Sequence[SandboxBooking], limit: int) -> "StatementView":
        """A page; a full one may have another behind it."""
        views = [
            StatementLineView.model_validate(
                {
                    "booking": line.booking,
                    "payment_id": line.payment_id,
                    "refund_no": line.number if line.booking == "refund" else None,
                    "amount": line.amount.amount,
                    "currency": line.amount.currency,
                    "at": line.at.astimezone(UTC),
                }
            )
            for line in lines
        ]
        return cls(lines=views, next_cursor=_cursor(lines[-1]) if len(lines) == limit else None)


def _cursor(line: SandboxBooking) -> str:
    return base64.urlsafe_b64encode(json.dumps([line.at.isoformat(), line.number]).encode()).decode()


def read_cursor(cursor: str) -> tuple[datetime, str]:
    """The time and number of the last line of the page before. Raises `ValueError`."""
    try:
        at, number = json.loads(base64.urlsafe_b64decode(cursor))
        moment = datetime.fromisoformat(at).astimezone(UTC)
    except (TypeError, UnicodeError, OverflowError) as error:
        raise ValueError("not a cursor") from error
    if not isinstance(number, str) or "\0" in number:
        raise ValueError("not a cursor")
    return moment, number
