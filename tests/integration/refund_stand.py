"""What the refunds' tests stand on: the orders' stand, with money that no order takes and a provider that pays back."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import TimeSkipper

from ordersaga.domain.keys import KeyRing
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.messages import REFUND_REPORTED, ActedBy, StateReached, refund_workflow_id
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Payment, PaymentState
from ordersaga.domain.refund import Refund, RefundReport, number_of, refund_no_of, source_of
from ordersaga.gateways.beginning import begin
from ordersaga.gateways.refund import run_of
from ordersaga.persistence import inbox, notifications, refunds, transitions
from ordersaga.persistence.audit import KEYS_OPTION
from ordersaga.persistence.verification import verify_order
from tests.goods import twd
from tests.integration.order_runs import PATIENCE, result_of
from tests.integration.order_stand import OPERATOR, QUEUE, OrderStand
from tests.shop import until
from worker.delivery import Delivery
from worker.main import beside


@dataclass
class RefundStand:
    """`orders` is the shop around it; `provider` is the orders' own."""

    orders: OrderStand
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def keys(self) -> KeyRing:
        keys: KeyRing = self.orders.database.engine.get_execution_options()[KEYS_OPTION]
        return keys

    @property
    def provider(self) -> Any:
        return self.orders.provider

    async def unexpected(self, received: Money | None = None) -> Payment:
        """An attempt over which a wrong sum came. Its refund is due, and nobody has begun it."""
        order_no = await self.orders.placed((await self.orders.shelves(), 1))
        payment = await self.orders.attempt(order_no)
        await self.orders.reports(payment, amount=received or twd(1))
        return await self.orders.becomes(payment, PaymentState.UNEXPECTED)

    async def refunding(self, *answers: RefundState | Exception, received: Money | None = None) -> Payment:
        """The same with its refund under way; `answers` are the provider's when it is told to pay back."""
        payment = await self.unexpected(received)
        self.provider.refusals[payment.payment_id].extend(answers)
        await self.begins(payment)
        return payment

    async def begins(self, payment: Payment) -> None:
        patience = timedelta(seconds=PATIENCE)
        await begin(self.orders.client, run_of(payment.payment_id), task_queue=QUEUE, patience=patience)

    @asynccontextmanager
    async def delivering(self, loops: int = 1) -> AsyncIterator[None]:
        """The workers' loops over the inbox."""
        deliveries = [
            Delivery(self.orders.database, self.orders.client, task_queue=QUEUE, interval=0.05) for _ in range(loops)
        ]
        async with beside(*(delivery.run() for delivery in deliveries), ended=lambda: None):
            yield

    async def refund(self, payment: Payment) -> Refund | None:
        async with self.orders.database.transaction() as connection:
            return await refunds.get(connection, number_of(source_of(payment.payment_id)))

    async def until(self, payment: Payment, state: RefundState, *, tries: int = 1) -> Refund:
        """Wait until the payment's refund is in `state` in its try number `tries`."""
        found = await until(
            lambda: self.refund(payment),
            lambda refund: refund is not None and (refund.state, refund.tries) == (state, tries),
            PATIENCE,
        )
        assert found is not None
        return found

    async def hears(self, refund: Refund, state: RefundState, **changes: Any) -> None:
        """The provider's callback on a refund is stored. Nobody is told."""
        said = RefundReport(reference=refund.reference, payment_id=refund.payment_id, state=state, amount=refund.amount)
        report = replace(said, **changes)
        async with self.orders.database.transaction() as connection:
            await inbox.store(
                connection,
                source=f"payment:{refund.provider}",
                event_id=f"refund-event-{refund.refund_no}-{next(self._numbers)}",
                workflow_id=refund_workflow_id(refund.run),
                signal=REFUND_REPORTED,
                subject=refund_no_of(report.reference),
                payload=report.to_document(),
                at=datetime.now(UTC) - timedelta(minutes=1),
            )

    async def reports(self, refund: Refund, state: RefundState, **changes: Any) -> None:
        """The provider's callback is stored, and the run is told."""
        await self.hears(refund, state, **changes)
        await self.run(refund).signal(REFUND_REPORTED)

    def run(self, of: Payment | Refund) -> WorkflowHandle[Any, Any]:
        return self.orders.client.get_workflow_handle(
            refund_workflow_id(of.run if isinstance(of, Refund) else of.payment_id), result_type=StateReached
        )

    async def ends(self, payment: Payment) -> str:
        """The state in which the run ends."""
        return str((await result_of(self.run(payment))).state)

    async def passes(self, payment: Payment, time: timedelta) -> None:
        async with asyncio.timeout(PATIENCE):
            await TimeSkipper(self.orders.client).fast_forward(self.run(payment), time)

    async def decides(self, payment: Payment, decision: str, by: ActedBy = OPERATOR) -> str:
        """Send a decision as the Temporal UI does. The state that it answers with."""
        async with asyncio.timeout(PATIENCE):
            reached = await self.run(payment).execute_update(decision, by, result_type=StateReached)
        return str(reached.state)

    async def refusal(self, payment: Payment, decision: str, by: ActedBy = OPERATOR) -> str:
        """Send a decision that is to be refused. The refusal's code."""
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await self.decides(payment, decision, by)
        assert isinstance(refused.value.cause, ApplicationError)
        return str(refused.value.cause.type)

    async def audit(self, payment: Payment) -> list[transitions.Recorded]:
        """The audit rows about refunds, having seen that the order's chain and records verify."""
        async with self.orders.database.transaction() as connection:
            assert await verify_order(connection, payment.order_no, self.keys) == []
            rows = await transitions.timeline(connection, payment.order_no)
        return [row for row in rows if row.action.endswith("_refund")]

    async def actions(self, payment: Payment) -> list[str]:
        return [row.action for row in await self.audit(payment)]

    async def told(self, payment: Payment) -> list[str]:
        """What the buyer was told about the payment's order."""
        async with self.orders.database.transaction() as connection:
            found = await notifications.page(connection, "alice", before=None, limit=1000)
        return [item.kind for item in found if item.order_no == payment.order_no]
