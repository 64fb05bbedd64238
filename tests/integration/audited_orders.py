"""Orders written as the activities write them, without a flow around them, in a database of their own."""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.audit.checkpoint import Checkpoint
from ordersaga.domain.keys import KeyRing
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.lifecycle.states import State
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import ActedBy
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Payment, PaymentState
from ordersaga.domain.sourcing import Source
from ordersaga.domain.splitting import Limits, split
from ordersaga.persistence import checkpoints, orders, parcels, payments, transitions
from ordersaga.persistence.audit import KEYS_OPTION
from ordersaga.persistence.database import Database
from tests.goods import TAIPEI, cart, goods, priced, seller

SYSTEM = ActedBy(role=Actor.SYSTEM, subject="workflow", channel="workflow")
BUYER = ActedBy(role=Actor.BUYER, subject="alice")
_LIMITS = Limits(weight_g=30_000, volume_mm3=180_000_000)
_CARRIED = (ParcelState.PICKED, ParcelState.HANDED_OVER, ParcelState.DELIVERED)


@dataclass
class AuditedOrders:
    """`keys` seals; `with_keys` gives the same database to somebody who holds others."""

    database: Database
    keys: KeyRing
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def with_keys(self, keys: KeyRing) -> "AuditedOrders":
        return AuditedOrders(self.database, keys, self._numbers)

    async def completes(self) -> str:
        """A new order that was paid, shipped and completed; gives its number."""
        order_no = await self.pays()
        await self._moves(order_no, Action.SPLIT, State.PAID, State.IN_PRODUCTION)
        state = ParcelState.CREATED
        for event in _CARRIED:
            await self._carries(order_no, state, event)
            state = event
        await self._moves(order_no, Action.SHIP_LAST_PARCEL, State.IN_PRODUCTION, State.SHIPPED)
        await self._moves(order_no, Action.DELIVER_LAST_PARCEL, State.SHIPPED, State.DELIVERED)
        await self._moves(order_no, Action.CONFIRM_RECEIPT_AUTOMATICALLY, State.DELIVERED, State.RECEIVED)
        await self._moves(order_no, Action.COMPLETE, State.RECEIVED, State.COMPLETED)
        return order_no

    async def complete_many(self, count: int) -> Sequence[str]:
        room = asyncio.Semaphore(8)

        async def one() -> str:
            async with room:
                return await self.completes()

        return await asyncio.gather(*(one() for _ in range(count)))

    async def places(self) -> str:
        number = next(self._numbers)
        order_no, at = f"O-{number:06}", datetime.now(UTC)
        items = [goods("TEA", 12_000), goods("CUP", 4_900)]
        async with self._transaction() as connection:
            await orders.add(
                connection,
                order_no=order_no,
                buyer="alice",
                state=State.AWAITING_PAYMENT,
                table_version=1,
                policy_version=1,
                priced=priced(cart(("TEA", 2), ("CUP", 1)), items, [seller()]),
                receiver=TAIPEI,
                placed_at=at,
                payment_due_at=at + timedelta(minutes=15),
            )
            await transitions.record(
                connection,
                order_no,
                action=Action.SUBMIT,
                from_state=None,
                to_state=State.AWAITING_PAYMENT,
                at=at,
                by=BUYER,
                step=0,
            )
        return order_no

    async def pays(self) -> str:
        order_no = await self.places()
        async with self._transaction() as connection:
            order = await orders.standing(connection, order_no, lock=True)
            assert order is not None
            payment = Payment(
                payment_id=f"pay-{order_no}",
                order_no=order_no,
                channel="card",
                provider="sandbox",
                amount=Money(order.payable, "TWD"),
                state=PaymentState.OPEN,
                created_at=datetime.now(UTC),
            )
            await payments.add(connection, payment)
            state = State.AWAITING_PAYMENT
            await transitions.record(
                connection,
                order_no,
                action=Action.PAY,
                from_state=state,
                to_state=state,
                at=payment.created_at,
                by=BUYER,
            )
        await self._moves(order_no, Action.CONFIRM_PAYMENT, State.AWAITING_PAYMENT, State.PAID)
        return order_no

    async def times_out(self, order_no: str) -> None:
        await self._moves(order_no, Action.REACH_PAYMENT_DEADLINE, State.AWAITING_PAYMENT, State.CLOSING_PAYMENT)
        await self._moves(order_no, Action.TIME_OUT, State.CLOSING_PAYMENT, State.PAYMENT_TIMED_OUT)

    async def numbers_events(self) -> None:
        """What the relay does: every event that is committed gets its position."""
        async with self.database.transaction() as connection:
            await connection.execute(text("UPDATE events SET position = event_id WHERE position IS NULL"))

    async def checkpoint(self) -> Checkpoint:
        await self.numbers_events()
        async with self.database.transaction() as connection:
            made = await checkpoints.make(connection, self.keys, datetime.now(UTC))
        assert made is not None, "there is nothing to cover"
        return made

    async def _moves(self, order_no: str, action: Action, state: State, reached: State) -> None:
        async with self._transaction() as connection:
            order = await orders.get(connection, order_no, lock=True)
            assert order is not None
            if action is Action.CONFIRM_PAYMENT:
                (payment,) = await payments.of_order(connection, order_no)
                await payments.save(connection, paid(payment))
            if action is Action.SPLIT:
                sources = [Source(line.line_no, line.sku, "w", line.quantity) for line in order.lines]
                await parcels.add(connection, order_no, split(order.lines, sources, _LIMITS), datetime.now(UTC))
            await transitions.move(
                connection,
                order_no,
                action=action,
                from_state=state,
                to_state=reached,
                at=datetime.now(UTC),
                by=SYSTEM,
            )

    async def _carries(self, order_no: str, state: ParcelState, event: ParcelState) -> None:
        async with self._transaction() as connection:
            parcel_no = parcels.parcel_no(order_no, 1)
            await parcels.whereabouts(connection, parcel_no, lock=True)
            await parcels.set_state(connection, parcel_no, event, datetime.now(UTC))
            await transitions.record(
                connection,
                order_no,
                parcel_no=parcel_no,
                action=event,
                from_state=state,
                to_state=event,
                at=datetime.now(UTC),
                by=ActedBy(role=Actor.WAREHOUSE, subject="clerk"),
            )

    def _transaction(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self.database.engine.execution_options(**{KEYS_OPTION: self.keys}).begin()


def paid(payment: Payment) -> Payment:
    return replace(
        payment,
        state=PaymentState.SUCCEEDED,
        provider_transaction_id="tx-1",
        received=payment.amount,
        paid_at=datetime.now(UTC),
    )
