"""What the workflows' tests stand on: real PostgreSQL and Temporal, the worker's own parts, and a clock to turn.

Only what lies outside the project is pretended: the payment provider, and the moments at which the network fails.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from api.placement import place
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.messages import (
    PARCEL_REPORTED,
    PAYMENT_REPORTED,
    ActedBy,
    OrderStart,
    Placement,
    order_workflow_id,
    parcel_workflow_id,
)
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Instalment, Payment, PaymentReport, PaymentState, awaited
from ordersaga.domain.pricing.quote import Hold
from ordersaga.domain.screening import Screening
from ordersaga.gateways.beginning import begin
from ordersaga.gateways.parcel import run_of
from ordersaga.persistence import (
    catalogue,
    inbox,
    orders,
    parcels,
    payments,
    stocktaking,
    submissions,
    transitions,
)
from ordersaga.persistence.database import Database
from ordersaga.persistence.orders import Order
from ordersaga.persistence.submissions import Submission
from tests.goods import TAIPEI, cart, goods, priced, seller, warehouse
from tests.integration.order_runs import BUYER, PATIENCE, OrderRuns
from tests.integration.outside import FakeProvider, Outages
from tests.shop import until

QUEUE = "order-rules"
PASSED = Screening()
OPERATOR = ActedBy(role="operator", subject="olga", channel="temporal_ui", reason="asked by phone")


@dataclass(kw_only=True)
class OrderStand(OrderRuns):
    """A shop without its API: what the API would store and signal is stored and signalled here."""

    database: Database
    provider: FakeProvider
    policy_version: int
    queue: str = QUEUE
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def shelves(self, on_hand: int = 100, price: int = 10_000, **changes: Any) -> str:
        """A new SKU of its own seller in its own warehouse."""
        number = next(self._numbers)
        sku = goods(f"SKU-{number}", price, merchant_id=changes.pop("merchant_id", f"m-{number:05}"), **changes)
        async with self.database.transaction() as connection:
            await catalogue.put_merchants(connection, [seller(sku.merchant_id)])
            await catalogue.put_warehouses(connection, [warehouse(f"w-{number:05}")])
            await catalogue.put_skus(connection, [sku])
            await stocktaking.adjust(
                connection, sku.sku, {f"w-{number:05}": on_hand}, document="test", at=datetime.now(UTC)
            )
        return sku.sku

    async def submits(
        self,
        *items: tuple[str, int],
        buyer: str = "alice",
        holds: Sequence[Hold] = (),
        screening: Screening = PASSED,
    ) -> Submission:
        """What the API stores of a submit; `holds` are what the price rests on, and leave it as it is."""
        number = next(self._numbers)
        async with self.database.transaction() as connection:
            found = await catalogue.goods(connection, [sku for sku, _ in items])
            plain = priced(cart(*items), list(found.skus.values()), list(found.merchants.values()))
            submission = Submission(
                order_no=f"O-{number}",
                quote_id=f"Q-{number}",
                buyer=buyer,
                idempotency_key=f"key-{number}",
                body_hash="hash",
                priced=replace(plain, holds=tuple(holds)),
                receiver=TAIPEI,
                received_at=datetime.now(UTC),
                screening=screening.to_document(),
            )
            await submissions.add(connection, submission)
        return submission

    async def places(self, submission: Submission, placing_seconds: float = 60) -> Placement:
        """The one call that the API makes; its answer."""
        placement = await place(
            self.client,
            submission,
            task_queue=self.queue,
            policy_version=self.policy_version,
            placing_seconds=placing_seconds,
            deadline_seconds=PATIENCE,
        )
        assert placement is not None
        return placement

    async def begins(self, submission: Submission, placing_seconds: float = 60) -> None:
        """Start the run, and wait until it is at work on the first or second step."""
        start = OrderStart(
            order_no=submission.order_no,
            order_type="standard",
            table_version=1,
            policy_version=self.policy_version,
            placing_seconds=placing_seconds,
            holds_offers=bool(submission.priced.holds),
        )
        run = order_workflow_id(submission.order_no)
        await self.client.start_workflow("StandardOrder", start, id=run, task_queue=self.queue)
        await until(partial(_tries_of, self.outages, run), lambda tries: tries > 0, PATIENCE)

    async def placed(self, *items: tuple[str, int]) -> str:
        """The number of an order that was placed."""
        submission = await self.submits(*items)
        assert await self.places(submission) == Placement(placed=True)
        return submission.order_no

    async def attempt(
        self, order_no: str, channel: str = "card", *, ask_at: datetime | None = None, provider: str | None = None
    ) -> Payment:
        """An attempt to pay what the order awaits, opened by the buyer; from `ask_at` on its provider is asked."""
        order = await self.order(order_no)
        machine = order_type(order.order_type).version(order.table_version)
        instalment = awaited(machine, order.state) or Instalment.FULL
        payment = Payment(
            payment_id=f"pay-{next(self._numbers)}",
            order_no=order_no,
            channel=channel,
            provider=provider or self.provider.name,
            amount=Money(instalment.amount(order.totals.payable, order.totals.due_now), order.currency),
            instalment=instalment,
            state=PaymentState.OPEN,
            created_at=datetime.now(UTC),
        )
        async with self.database.transaction() as connection:
            await orders.standing(connection, order_no, lock=True)
            await payments.add(connection, payment, ask_at=ask_at)
            await transitions.record(
                connection,
                order_no,
                action=Action.PAY,
                from_state=order.state,
                to_state=order.state,
                at=payment.created_at,
                by=BUYER,
            )
        return payment

    async def hears(
        self,
        payment: Payment,
        state: PaymentState,
        *,
        amount: Money | None = None,
        event_id: str | None = None,
        run: str | None = None,
    ) -> None:
        """The provider's callback is stored, for the order's run or another one. Nobody is told yet."""
        report = PaymentReport(payment_id=payment.payment_id, state=state, amount=amount or payment.amount)
        async with self.database.transaction() as connection:
            await inbox.store(
                connection,
                source=f"payment:{payment.provider}",
                event_id=event_id or f"event-{next(self._numbers)}",
                workflow_id=run or order_workflow_id(payment.order_no),
                signal=PAYMENT_REPORTED,
                subject=payment.payment_id,
                payload=report.to_document(),
                at=datetime.now(UTC) - timedelta(minutes=1),
            )

    async def reports(self, payment: Payment, state: PaymentState = PaymentState.SUCCEEDED, **more: Any) -> None:
        """The provider's callback is stored, and the run is told."""
        await self.hears(payment, state, **more)
        await self.run(payment.order_no).signal(PAYMENT_REPORTED)

    async def paid(self, *items: tuple[str, int]) -> str:
        """The number of an order that was paid and split."""
        order_no = await self.placed(*items)
        await self.reports(await self.attempt(order_no))
        await self.until(order_no, "in_production")
        return order_no

    async def parcel_nos(self, order_no: str) -> list[str]:
        async with self.database.transaction() as connection:
            return list(await parcels.numbers_of(connection, order_no))

    async def parcel_state(self, parcel_no: str) -> ParcelState:
        async with self.database.transaction() as connection:
            return (await parcels.known(connection, parcel_no)).state

    async def carries(self, parcel_no: str, *events: ParcelState, tell: bool = True) -> None:
        """The warehouse or the carrier reports."""
        for event in events:
            async with self.database.transaction() as connection:
                await inbox.store(
                    connection,
                    source=f"parcel:{parcel_no}",
                    event_id=f"event-{next(self._numbers)}",
                    workflow_id=parcel_workflow_id(parcel_no),
                    signal=PARCEL_REPORTED,
                    subject=parcel_no,
                    payload={"event": event, "at": "now", "by": {"role": "warehouse", "subject": "clerk"}},
                    at=datetime.now(UTC) - timedelta(minutes=1),
                )
            if tell:
                await self.tells(parcel_no)

    async def tells(self, parcel_no: str) -> None:
        """Tell the parcel's run to look at its reports, having begun it."""
        await begin(self.client, run_of(parcel_no), task_queue=self.queue, patience=timedelta(seconds=PATIENCE))

    async def arrives(self, parcel_no: str) -> None:
        """The parcel leaves the warehouse and is signed for."""
        await self.carries(parcel_no, ParcelState.HANDED_OVER, ParcelState.DELIVERED)

    async def delivered(self, *items: tuple[str, int]) -> str:
        """The number of an order whose parcels were all signed for."""
        order_no = await self.paid(*items)
        for parcel_no in await self.split_parcels(order_no):
            await self.arrives(parcel_no)
        await self.until(order_no, "delivered")
        return order_no

    async def order(self, order_no: str) -> Order:
        async with self.database.transaction() as connection:
            return await orders.whole(connection, order_no)

    async def is_order(self, order_no: str) -> bool:
        async with self.database.transaction() as connection:
            return await orders.standing(connection, order_no) is not None

    async def until(self, order_no: str, *states: str) -> Order:
        """Wait until the order is in one of these states."""
        return await until(lambda: self.order(order_no), lambda order: order.state in states, PATIENCE)

    async def payment(self, payment_id: str) -> Payment:
        async with self.database.transaction() as connection:
            payment = await payments.get(connection, payment_id)
        assert payment is not None
        return payment

    async def becomes(self, payment: Payment, state: PaymentState) -> Payment:
        """Wait until the attempt is in `state`."""
        return await until(lambda: self.payment(payment.payment_id), lambda now: now.state is state, PATIENCE)

    async def split_parcels(self, order_no: str) -> list[str]:
        """The numbers of the order's parcels, once there are any."""
        return await until(lambda: self.parcel_nos(order_no), bool, PATIENCE)

    async def held(self, sku: str) -> tuple[int, int]:
        """On hand and reserved, having seen that the ledger adds up to both."""
        async with self.database.transaction() as connection:
            (balance,) = await stocktaking.balances(connection, sku)
        assert (balance.on_hand, balance.reserved) == (balance.ledger_on_hand, balance.ledger_reserved)
        return balance.on_hand, balance.reserved

    async def timeline(self, order_no: str) -> list[str]:
        """The actions that moved an order, by its audit."""
        async with self.database.transaction() as connection:
            rows = await transitions.timeline(connection, order_no)
        return [
            row.action
            for row in rows
            if row.parcel_no is None and row.case_no is None and row.from_state != row.to_state
        ]


async def _tries_of(outages: Outages, run: str) -> int:
    return sum(len(tried) for (tried_by, _), tried in outages.tried.items() if tried_by == run)
