"""Whom risk control has denied, and why: a denied submit leaves nothing else (R-STK-4)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.risk import Reason, Verdict
from ordersaga.domain.screening import Origin
from ordersaga.persistence.tables.risk import risk_denials


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A submit that was denied; its `order_no` is that of no order."""

    denial_id: int
    order_no: str
    account: str
    reasons: tuple[Reason, ...]
    at: datetime


async def note(
    connection: AsyncConnection, order_no: str, account: str, origin: Origin, reasons: Sequence[Reason], at: datetime
) -> None:
    """Remember a denial; one that is repeated is one, with the latest reasons."""
    latest = {"reasons": [asdict(reason) for reason in reasons], "at": at}
    await connection.execute(
        insert(risk_denials)
        .values(order_no=order_no, account=account, ip=origin.ip, device=origin.device, **latest)
        .on_conflict_do_update(index_elements=["order_no"], set_=latest)
    )


async def page(connection: AsyncConnection, account: str | None, *, before: int | None, limit: int) -> Sequence[Denial]:
    """Denials, the newest first."""
    columns = risk_denials.c
    query = select(columns.denial_id, columns.order_no, columns.account, columns.reasons, columns.at)
    if account is not None:
        query = query.where(columns.account == account)
    if before is not None:
        query = query.where(columns.denial_id < before)
    rows = await connection.execute(query.order_by(columns.denial_id.desc()).limit(limit))
    return [
        Denial(
            denial_id=row.denial_id,
            order_no=row.order_no,
            account=row.account,
            reasons=tuple(Reason(**{**reason, "verdict": Verdict(reason["verdict"])}) for reason in row.reasons),
            at=row.at,
        )
        for row in rows
    ]
