"""Repairs that an operator may have done for a difference: each is safe, may be repeated, and asks again whether it is
needed. Money is never moved by one.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.errors import ActionNotAllowed, NotFound
from ordersaga.domain.lifecycle.parcel import order_no_of
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.lifecycle.states import State
from ordersaga.domain.messages import (
    CASES_CHANGED,
    PARCEL_REPORTED,
    PAYMENT_REPORTED,
    REFUND_FINISHED,
    REFUND_REPORTED,
    Placement,
    order_workflow_id,
    parcel_workflow_id,
    refund_workflow_id,
)
from ordersaga.domain.pricing.restoration import Undoing
from ordersaga.domain.reconciliation import Decision, Fix, Item, Kind
from ordersaga.domain.refund import Refund
from ordersaga.gateways import after_sales, group, parcel, refund
from ordersaga.gateways.beginning import begin
from ordersaga.gateways.payment.provider import PaymentUnknown, RefundUnknown
from ordersaga.gateways.payment.registry import PaymentProviders
from ordersaga.gateways.runs import OpenRuns, RunUnknown
from ordersaga.persistence import (
    digital_holds,
    inbox,
    limit_holds,
    offer_holds,
    orders,
    parcels,
    payments,
    refunds,
    stock_repair,
    submissions,
)
from ordersaga.persistence.database import Database

_PATIENCE = timedelta(seconds=5)
_ABANDONED = Placement(placed=False, code="placing_timed_out", message="the order was never placed")
_UNDOING: Mapping[str, Undoing] = {
    State.CANCELLED: Undoing.CANCELLED,
    State.PAYMENT_TIMED_OUT: Undoing.TIMED_OUT,
    State.REFUNDED: Undoing.REFUNDED,
}
"""Why an order that is over gives back; in other ends it was refused, or never was."""


class Repairs:
    """What stands behind `Decision.FIX`."""

    def __init__(self, database: Database, open_runs: OpenRuns, providers: PaymentProviders) -> None:
        self._database = database
        self._open_runs = open_runs
        self._providers = providers

    async def repair(self, item: Item, at: datetime) -> None:
        """Raises `ActionNotAllowed` where the repair does not apply, or not any more."""
        match item.fix:
            case None:
                raise ActionNotAllowed(f"nothing repairs {item.kind} by itself", action=Decision.FIX, state=item.state)
            case Fix.RELEASE:
                async with self._database.transaction() as connection:
                    await _release(connection, item, at)
            case Fix.RESTART:
                await self._restart(item)
            case Fix.ASK:
                await self._ask(item, at)
            case never:
                assert_never(never)

    async def _restart(self, item: Item) -> None:
        client, queue = self._open_runs.client, self._open_runs.task_queue
        match item.kind:
            case Kind.ORDER_WITHOUT_RUN:
                await self._take_up(item, order_workflow_id(item.subject))
                await self._wake_parcels(item)
                await self._tell_of_parcels(item.subject)
            case Kind.CASE_WITHOUT_RUN | Kind.CASE_REFUNDED_AND_WAITING:
                await begin(client, after_sales.run_of(item.subject), task_queue=queue, patience=_PATIENCE)
            case Kind.PARCEL_WITHOUT_RUN:
                if not await begin(client, parcel.run_of(item.subject), task_queue=queue, patience=_PATIENCE):
                    await self._tell_of_parcels(order_no_of(item.subject))
            case Kind.GROUP_WITHOUT_RUN:
                await begin(client, group.run_of(item.subject), task_queue=queue, patience=_PATIENCE)
            case Kind.UNEXPECTED_MONEY_KEPT:
                await begin(client, refund.run_of(item.subject), task_queue=queue, patience=_PATIENCE)
            case Kind.ORDER_REFUNDED_AND_WAITING:
                run = order_workflow_id(item.subject)
                await self._take_up(item, run)
                for word in (REFUND_FINISHED, CASES_CHANGED):  # it waits for one of them, by how it came to nothing
                    await client.get_workflow_handle(run).signal(word, rpc_timeout=_PATIENCE)
            case _:
                subject = (await self._refund(item.subject)).run
                await begin(client, refund.run_of(subject), task_queue=queue, patience=_PATIENCE)

    async def _take_up(self, item: Item, workflow_id: str) -> None:
        try:
            await self._open_runs.take_up(workflow_id)
        except RunUnknown as error:
            raise ActionNotAllowed(
                f"Temporal has nothing of {workflow_id} that could be taken up", action=Decision.FIX, state=item.state
            ) from error

    async def _wake_parcels(self, item: Item) -> None:
        """Runs of parcels that begin again look how far their parcels have come: nobody may report on them any more."""
        async with self._database.transaction() as connection:
            for parcel_no in await parcels.numbers_of(connection, item.subject):
                await inbox.wake(
                    connection,
                    parcel_workflow_id(parcel_no),
                    PARCEL_REPORTED,
                    source="taken_up",
                    event_id=f"{parcel_no}:{item.last_seen.isoformat()}",
                    subject=item.subject,
                )

    async def _tell_of_parcels(self, order_no: str) -> None:
        """What parcels' runs told the order's while it was away is lost, and those that have ended say nothing more."""
        async with self._database.transaction() as connection:
            found = await parcels.of_order(connection, order_no)
        for sent in found:
            await parcel.tell_order(self._open_runs.client, sent.parcel_no, sent.state, patience=_PATIENCE)

    async def _ask(self, item: Item, at: datetime) -> None:
        """The answer is stored like any report, and delivered and judged like one."""
        if item.kind is Kind.CAPTURE_UNKNOWN_HERE:
            await self._ask_about_payment(item, at)
        else:
            await self._ask_about_refund(item, at)

    async def _ask_about_payment(self, item: Item, at: datetime) -> None:
        async with self._database.transaction() as connection:
            payment = await payments.get(connection, item.subject)
        if payment is None:
            raise _impossible(item, "the payment is none of ours")
        try:
            report = await self._providers.named(payment.provider).ask(payment.payment_id)
        except PaymentUnknown as error:
            raise _impossible(item, "the provider does not know the payment any more") from error
        async with self._database.transaction() as connection:
            await inbox.store(
                connection,
                source=f"asked:{payment.provider}",
                event_id=f"{payment.payment_id}:{report.state}:{item.item_id}:{at.isoformat()}",
                workflow_id=order_workflow_id(payment.order_no),
                signal=PAYMENT_REPORTED,
                subject=payment.payment_id,
                payload=report.to_document(),
                at=at,
                first_try=timedelta(),
            )

    async def _ask_about_refund(self, item: Item, at: datetime) -> None:
        known = await self._refund(item.subject)
        reference = str(item.found.get("reference") or known.reference)
        try:
            report = await self._providers.named(known.provider).ask_refund(reference)
        except RefundUnknown as error:
            raise _impossible(item, "the provider does not know the refund any more") from error
        if report.state is not RefundState.SUCCEEDED:
            raise _impossible(item, f"the provider says that it is {report.state}")
        async with self._database.transaction() as connection:
            await inbox.store(
                connection,
                source=f"asked:{known.provider}",
                event_id=f"{reference}:{report.state}:{item.item_id}:{at.isoformat()}",
                workflow_id=refund_workflow_id(known.run),
                signal=REFUND_REPORTED,
                subject=known.refund_no,
                payload=report.to_document(),
                at=at,
                first_try=timedelta(),
            )

    async def _refund(self, refund_no: str) -> Refund:
        async with self._database.transaction() as connection:
            found = await refunds.get(connection, refund_no)
        if found is None:
            raise NotFound("there is no such refund", refund_no=refund_no)
        return found


async def _release(connection: AsyncConnection, item: Item, at: datetime) -> None:
    """Give back what is held for an order that is over, or that nobody will place any more."""
    order_no = item.order_no or item.subject
    state = await _ended(connection, item, order_no)
    match item.kind:
        case Kind.STOCK_HELD_FOR_NOTHING:
            await stock_repair.release_what_is_left(connection, order_no, at)
        case Kind.LIMIT_HELD_FOR_NOTHING:
            await limit_holds.give_back(connection, order_no, _undoing(state), at)
        case Kind.CODES_HELD_FOR_NOTHING:
            await digital_holds.release(connection, order_no)
        case _ if state == State.COMPLETED:
            await offer_holds.use(connection, order_no, at)
        case _:
            await offer_holds.give_back(connection, order_no, _undoing(state), at)


async def _ended(connection: AsyncConnection, item: Item, order_no: str) -> str | None:
    """The state in which the order is over, its row locked; `None` for one that will never be placed."""
    if await orders.standing(connection, order_no, lock=True) is None:
        decided = await submissions.refuse(connection, order_no, _ABANDONED)
        if decided.placed:
            raise _impossible(item, "the order is being placed")
        return None
    order = await orders.known(connection, order_no)
    if order.state not in order.machine.final:
        raise _impossible(item, f"the order is {order.state}, and not over")
    return order.state


def _undoing(state: str | None) -> Undoing:
    return _UNDOING.get(state or "", Undoing.REFUSED)


def _impossible(item: Item, why: str) -> ActionNotAllowed:
    return ActionNotAllowed(why, action=Decision.FIX, state=item.state)
