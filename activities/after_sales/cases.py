"""After-sales cases: each command one transaction under the order's lock, with all that follows from it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.after_sales import inspection, replacement, settlement, stopping
from activities.contract import implements
from ordersaga.contracts.after_sales import (
    ActOnCase,
    AfterSalesActivities,
    CaseStanding,
    EndedOrder,
    EndOrder,
    RemindOfCase,
    TakeUpCase,
)
from ordersaga.domain.after_sales.case import Case, Kind, order_no_of
from ordersaga.domain.after_sales.commands import Command, action_of, patience
from ordersaga.domain.after_sales.notices import Notice, notice_of
from ordersaga.domain.after_sales.units import UnitFate
from ordersaga.domain.lifecycle.after_sales import CaseAction, CaseState
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import BY_THE_RUN, CASES_CHANGED, case_workflow_id, order_workflow_id
from ordersaga.domain.notifications import Notification
from ordersaga.domain.policies import Policies
from ordersaga.gateways import metrics
from ordersaga.persistence import (
    after_sales,
    inbox,
    notifications,
    orders,
    policies,
    refunds,
    settlements,
    stranded,
    transitions,
)
from ordersaga.persistence.case_opening import open_case
from ordersaga.persistence.database import Database

Effect = Callable[[AsyncConnection, Case, ActOnCase], Awaitable[Case]]
"""What an action does beside moving the case; the answer is the case with what became of it."""


class AfterSales(AfterSalesActivities):
    def __init__(self, database: Database, exchange: Policies) -> None:
        """`exchange` are the policies that the orders of exchanges are pinned to."""
        self._database = database
        self._exchange = exchange

    @implements(AfterSalesActivities.take_up)
    async def take_up(self, request: TakeUpCase) -> CaseStanding:
        async with self._database.transaction() as connection:
            # In this order: what comes after the first look is told, and what came before is seen by the second.
            await inbox.take(connection, [case_workflow_id(request.case_no)], request.at)
            case = await after_sales.known(connection, request.case_no)
            return await self._standing(connection, case)

    @implements(AfterSalesActivities.act)
    async def act(self, request: ActOnCase) -> CaseStanding:
        async with self._database.transaction() as connection:
            await settlements.lock_orders(connection, order_no_of(request.case_no))
            case = await after_sales.known(connection, request.case_no)
            if case.command == request.name or (request.expected is not None and case.state is not request.expected):
                return await self._standing(connection, case)
            action = await _meant(connection, case, request)
            case = await take(connection, case, action, request)
            standing = await self._standing(connection, case)
        metrics.CASES.labels(kind=standing.kind, state=standing.state).inc()
        return standing

    @implements(AfterSalesActivities.remind)
    async def remind(self, request: RemindOfCase) -> None:
        async with self._database.transaction() as connection:
            case = await after_sales.known(connection, request.case_no)
            notice = Notice(buyer=Notification(request.kind))
            await notifications.notify_of_case(connection, case, notice, request.at)

    @implements(AfterSalesActivities.end_order)
    async def end_order(self, request: EndOrder) -> EndedOrder:
        async with self._database.transaction() as connection:
            order = await orders.known(connection, request.order_no, lock=True)
            await inbox.take(connection, [request.order_no], request.at)
            state, open_cases = order.state, await after_sales.count_open(connection, request.order_no)
            left = await _units_left(connection, request.order_no)
            action = request.action if left else request.action_for_nothing
            if action and not open_cases:
                state = order.machine.next(request.from_state, action)
                await transitions.move(
                    connection,
                    request.order_no,
                    action=action,
                    from_state=request.from_state,
                    to_state=state,
                    at=request.at,
                    by=BY_THE_RUN,
                    step=request.step,
                )
        return EndedOrder(state=state, open_cases=open_cases, units_left=left)

    async def _standing(self, connection: AsyncConnection, case: Case) -> CaseStanding:
        reminder = (await _policies(connection, case)).return_reminder_seconds
        waits, is_replacing = case.state is CaseState.AWAITING_RETURN, case.state is CaseState.REPLACING
        return CaseStanding(
            order_no=case.order_no,
            kind=case.kind,
            state=case.state,
            summary=f"{case.kind} of {case.quantity} · {case.reason} · {case.merchant_id}",
            due_at=case.updated_at if await stopping.has_failed(connection, case) else case.due_at,
            remind_at=case.updated_at + timedelta(seconds=reminder) if waits else None,
            refunds_under_way=await refunds.count_unfinished_of_case(connection, case.case_no),
            replacement=await replacement.to_place(connection, case, self._exchange) if is_replacing else None,
        )


async def take(connection: AsyncConnection, case: Case, action: CaseAction, request: ActOnCase) -> Case:
    """Move a case by its table, with what the action does, its audit row, and the word to whom it concerns.

    Raises `ActionNotAllowed`.
    """
    reached = CaseState(case.machine.next(case.state, action, Actor(request.by.role)))
    before = case.state
    effect = EFFECTS.get(action)
    if effect is not None:
        case = await effect(connection, case, request)
    waits = patience(reached, await _policies(connection, case))
    case = replace(
        case,
        state=reached,
        command=request.name,
        updated_at=request.at,
        due_at=None if waits is None else request.at + waits,
    )
    await after_sales.save(connection, case)
    await transitions.record(
        connection,
        case.order_no,
        case_no=case.case_no,
        action=action,
        from_state=before,
        to_state=reached,
        at=request.at,
        by=request.by,
    )
    await notifications.notify_of_case(connection, case, notice_of(case, action), request.at)
    if not case.is_open:
        await _tell_order(connection, case)
        await refund_stranded(connection, case.order_no, request.at)
    return case


async def refund_stranded(connection: AsyncConnection, order_no: str, at: datetime) -> None:
    """Give the money back for what was written off, and nobody sends again or claims (W3): at once, once."""
    for claim in await stranded.claims(connection, order_no):
        case = await open_case(
            connection,
            order_no,
            kind=Kind.REFUND,
            wanted=claim.wanted,
            reason=claim.reason,
            parcel_nos=claim.parcel_nos,
            by=BY_THE_RUN,
            at=at,
        )
        word = ActOnCase(case_no=case.case_no, command=Command.APPROVE, name="at once", by=BY_THE_RUN, at=at)
        await take(connection, case, CaseAction.APPROVE_REFUND, word)


async def _meant(connection: AsyncConnection, case: Case, request: ActOnCase) -> CaseAction:
    """The action that a command means; some depend on what parcels and shelves look like now."""
    action = action_of(case, Command(request.command))
    if action is CaseAction.STOP_PARCELS:
        return await stopping.action_for(connection, case, request)
    if action is CaseAction.MISS_RETURN:
        return await stopping.when_missed(connection, case, request)
    action = inspection.action_for(case, action, request)
    return await replacement.action_for(connection, case, action, request)


async def _drop(connection: AsyncConnection, case: Case, request: ActOnCase) -> Case:
    """The case comes to nothing: its units are free again, and nothing is kept for it."""
    await after_sales.free_units(connection, case.case_no)
    await replacement.release(connection, case, request.at)
    return case


EFFECTS: Mapping[CaseAction, Effect] = {
    CaseAction.APPROVE_REFUND: settlement.settle,
    CaseAction.RESOLVE_REFUND: inspection.resolve_refund,
    CaseAction.CONSENT_TO_REFUND: replacement.refund_instead,
    CaseAction.STOP_PARCELS: stopping.stop,
    CaseAction.ASK_TO_STOP: stopping.ask,
    CaseAction.REFUSE_TO_STOP: stopping.turn_into_return,
    CaseAction.SHIP_BACK: inspection.ship_back,
    CaseAction.RECEIVE_GOODS: inspection.receive,
    CaseAction.ACCEPT_FOR_REFUND: inspection.accept_for_refund,
    CaseAction.ACCEPT_FOR_EXCHANGE: inspection.accept_for_exchange,
    CaseAction.RESOLVE_EXCHANGE: inspection.resolve_exchange,
    CaseAction.CONSENT_TO_RETURN: replacement.turn_into_return,
    CaseAction.PLACE_REPLACEMENT: replacement.link,
    CaseAction.WITHDRAW: _drop,
    CaseAction.MISS_RETURN: _drop,
    CaseAction.MISS_CONSENT: _drop,
    CaseAction.LET_REST: _drop,
    CaseAction.RESOLVE_REJECTION: _drop,
}


async def _tell_order(connection: AsyncConnection, case: Case) -> None:
    """An order that waits for its cases to be over hears of it."""
    await inbox.wake(
        connection,
        order_workflow_id(case.order_no),
        CASES_CHANGED,
        source="case_over",
        event_id=case.case_no,
        subject=case.order_no,
    )


async def _policies(connection: AsyncConnection, case: Case) -> Policies:
    order = await orders.known(connection, case.order_no)
    return await policies.get(connection, order.order_type, order.policy_version)


async def _units_left(connection: AsyncConnection, order_no: str) -> int:
    """How many units of an order no money was given back for."""
    lines = (await orders.lines_of(connection, [order_no]))[order_no]
    claims = await after_sales.claims(connection, order_no)
    gone = sum(claim.fate is UnitFate.REFUNDED for units in claims.values() for claim in units.values())
    return sum(line.quantity for line in lines) - gone
