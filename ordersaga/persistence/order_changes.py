"""What people changed of orders, before and after, and the changes that were accepted (R-REV-1).

It may be personal data, and stays here: runs, events and logs name a change by its number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.errors import NotFound
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.messages import ActedBy
from ordersaga.domain.pricing.quote import PricedOrder, from_document, to_document
from ordersaga.persistence.tables.order_changes import change_proposals, order_changes


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChange:
    """One change; `before` and `after` have the fields that it was about."""

    sequence: int
    at: datetime
    actor_role: str
    actor: str
    action: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeProposal:
    """A price that a buyer accepted for an order that had been changed `based_on` times."""

    proposal_id: str
    order_no: str
    based_on: int
    priced: PricedOrder


async def add(
    connection: AsyncConnection,
    order_no: str,
    *,
    action: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    at: datetime,
    by: ActedBy,
    proposal_id: str | None = None,
) -> None:
    """Keep what was changed. The caller holds the lock on the order's row, and writes the audit row after this."""
    last = select(func.coalesce(func.max(order_changes.c.sequence), 0)).where(order_changes.c.order_no == order_no)
    await connection.execute(
        insert(order_changes).values(
            order_no=order_no,
            sequence=(await connection.scalar(last) or 0) + 1,
            at=at,
            actor_role=by.role,
            actor=by.subject,
            action=action,
            before=before,
            after=after,
            proposal_id=proposal_id,
        )
    )


async def of_order(connection: AsyncConnection, order_no: str) -> Sequence[OrderChange]:
    columns = [order_changes.c[name] for name in OrderChange.__slots__]
    query = select(*columns).where(order_changes.c.order_no == order_no).order_by(order_changes.c.sequence)
    return [OrderChange(**row._mapping) for row in await connection.execute(query)]


async def repriced(connection: AsyncConnection, order_no: str) -> Sequence[OrderChange]:
    """The changes of an order's goods or delivery: a proposal is based on how many there were."""
    return [change for change in await of_order(connection, order_no) if change.action == Action.CHANGE_ORDER]


async def is_applied(connection: AsyncConnection, proposal_id: str) -> bool:
    query = select(order_changes.c.order_no).where(order_changes.c.proposal_id == proposal_id)
    return await connection.scalar(query) is not None


async def propose(connection: AsyncConnection, proposal: ChangeProposal, at: datetime) -> None:
    """Keep what was accepted until the order's run takes it up; the first word holds."""
    await connection.execute(
        insert(change_proposals)
        .values(
            proposal_id=proposal.proposal_id,
            order_no=proposal.order_no,
            based_on=proposal.based_on,
            priced=to_document(proposal.priced),
            accepted_at=at,
        )
        .on_conflict_do_nothing()
    )


async def proposal(connection: AsyncConnection, proposal_id: str) -> ChangeProposal:
    """Raises `NotFound`."""
    table = change_proposals.c
    query = select(table.order_no, table.based_on, table.priced).where(table.proposal_id == proposal_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("there is no such proposal of a change", proposal_id=proposal_id)
    return ChangeProposal(
        proposal_id=proposal_id, order_no=row.order_no, based_on=row.based_on, priced=from_document(row.priced)
    )
