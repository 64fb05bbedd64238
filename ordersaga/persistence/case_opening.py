"""A case is opened: checked, stored, recorded and made known to its run in one transaction (R-REV-3 … R-REV-6)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.after_sales.case import Case, CaseLine, Fault, Kind, Reason, case_no_of
from ordersaga.domain.after_sales.commands import patience
from ordersaga.domain.after_sales.notices import notice_of
from ordersaga.domain.after_sales.units import Unit, choose, units_of, window_is_open
from ordersaga.domain.errors import AfterSalesWindowClosed, SellersMixed, UnitsNotClaimable
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.after_sales import INITIAL, MACHINE, CaseAction
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import ActedBy
from ordersaga.persistence import after_sales, attachments, inbox, notifications, orders, parcels, policies, transitions
from ordersaga.persistence.replacements import require_alike_goods


async def open_case(
    connection: AsyncConnection,
    order_no: str,
    *,
    kind: Kind,
    wanted: Mapping[int, int],
    reason: Reason,
    by: ActedBy,
    at: datetime,
    fault: Fault | None = None,
    replacements: Mapping[int, str] | None = None,
    evidence: Sequence[str] = (),
    parcel_nos: Collection[str] | None = None,
) -> Case:
    """Open a case on `wanted` units: line number → quantity. `replacements` are other SKUs that an exchange asks for,
    `evidence` the ids of attachments that are shown in it, `parcel_nos`, if given, the parcels that the units are in.
    The system opens cases whenever it has to.

    Raises `ActionNotAllowed`, `AfterSalesWindowClosed`, `UnitsNotClaimable`, `SellersMixed`, `ReplacementUnavailable`,
    `AttachmentInvalid`.
    """
    order = await orders.known(connection, order_no, lock=True)
    if by.role != Actor.SYSTEM:
        order.machine.next(order.state, action_for(kind), Actor(by.role))
        if not window_is_open(order.after_sales_until, at):
            raise AfterSalesWindowClosed("the time to claim on this order is over", order_no=order_no)
    every = await units_in(connection, order_no)
    units = [unit for unit in every if parcel_nos is None or unit.parcel_no in parcel_nos]
    chosen = choose(units, kind, wanted)
    claimed = [unit for unit in units if unit.unit_no in chosen.get(unit.line_no, ())]
    if not claimed:
        raise UnitsNotClaimable(f"nothing is left that a {kind} could claim", lines=[])
    sellers = sorted({unit.merchant_id for unit in claimed})
    if len(sellers) > 1:
        raise SellersMixed("a case is about the goods of one seller", merchant_ids=sellers)
    sequence = await after_sales.next_sequence(connection, order_no)
    waits = patience(INITIAL, await policies.get(connection, order.order_type, order.policy_version))
    case = Case(
        case_no=case_no_of(order_no, sequence),
        order_no=order_no,
        sequence=sequence,
        kind=kind,
        reason=reason,
        fault=fault or reason.fault,
        state=INITIAL,
        table_version=MACHINE.version,
        merchant_id=sellers[0],
        opened_by_role=by.role,
        opened_by=by.subject,
        note=by.note,
        lines=tuple(
            CaseLine(line_no=line_no, units=numbers, replacement_sku=(replacements or {}).get(line_no))
            for line_no, numbers in sorted(chosen.items())
        ),
        opened_at=at,
        updated_at=at,
        due_at=at + (waits or timedelta()),
        warehouse_id=next((unit.warehouse_id for unit in claimed if unit.warehouse_id), None),
    )
    await require_alike_goods(connection, case)
    await after_sales.add(connection, case)
    await attachments.attach(connection, by.subject, case.case_no, evidence, at)
    await transitions.record(
        connection,
        order_no,
        case_no=case.case_no,
        action=CaseAction.OPEN_CASE,
        from_state=None,
        to_state=case.state,
        at=at,
        by=by,
    )
    await notifications.notify_of_case(connection, case, notice_of(case, CaseAction.OPEN_CASE), at)
    await inbox.wake_case(connection, case.case_no, source="case", event_id=case.case_no)
    return case


async def units_in(connection: AsyncConnection, order_no: str) -> tuple[Unit, ...]:
    """Every unit of an order, with the last parcel that it was in and the claim on it."""
    lines = (await orders.lines_of(connection, [order_no]))[order_no]
    return units_of(lines, await parcels.placed(connection, order_no), await after_sales.claims(connection, order_no))


def action_for(kind: Kind) -> Action:
    """What an order's table calls opening such a case."""
    return Action.REQUEST_CANCELLATION if kind is Kind.CANCELLATION else Action.REQUEST_AFTER_SALES
