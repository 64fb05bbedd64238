"""What people do with an order beside its run: its row is locked, asked for leave, and the action recorded."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import acted_by, actor_of
from api.authentication import Caller, Role
from api.dossier import dossier
from api.problems import not_found
from api.services import Services
from api.views import order_document
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.guards import Guard
from ordersaga.domain.lifecycle.parcel import ParcelState, advance, is_labelled
from ordersaga.persistence import inbox, orders, parcels, transitions
from ordersaga.persistence.orders import Standing


async def answer(services: Services, caller: Caller, order_no: str, language: str) -> dict[str, Any]:
    """The order as the caller may see it. A 404 for what is somebody else's."""
    async with services.database.statements() as connection:
        known = await dossier(connection, order_no, caller)
    if known is None:
        raise not_found()
    return order_document(known, caller, language, datetime.now(UTC))


async def owned(connection: AsyncConnection, caller: Caller, order_no: str, *, lock: bool = False) -> Standing:
    """Where the order stands. A 404 for one that is not there, or that another buyer placed (P8)."""
    order = await orders.standing(connection, order_no, lock=lock)
    if order is None or (caller.role is Role.BUYER and order.buyer != caller.subject):
        raise not_found()
    return order


async def locked(connection: AsyncConnection, caller: Caller, order_no: str, action: Action) -> Standing:
    """The caller's order, locked in a state that allows `action`."""
    order = await owned(connection, caller, order_no, lock=True)
    order.machine.next(order.state, action, actor_of(caller))
    return order


async def require_no_label(connection: AsyncConnection, order_no: str, order: Standing, action: Action) -> None:
    """Raises `ActionNotAllowed` once a parcel's label is printed: reported is enough, though nobody has applied it yet.

    The caller holds the order's lock, so that of a label and a change at the same moment one is first.
    """
    states = {parcel.parcel_no: parcel.state for parcel in await parcels.of_order(connection, order_no)}
    for report in await inbox.waiting(connection, list(states)):
        event = ParcelState(report.payload["event"])
        states[report.subject] = advance(states[report.subject], event) or states[report.subject]
    if any(is_labelled(state) for state in states.values()):
        raise ActionNotAllowed(Guard.BEFORE_FIRST_LABEL.reason, action=action, state=order.state)


async def record(
    connection: AsyncConnection, order_no: str, order: Standing, caller: Caller, action: Action, why: str, at: datetime
) -> None:
    """An action that leaves the state where it is still has its audit row."""
    await transitions.record(
        connection,
        order_no,
        action=action,
        from_state=order.state,
        to_state=order.state,
        at=at,
        by=acted_by(caller, why),
    )
