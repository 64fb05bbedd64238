"""What the tests of after-sales cases stand on: the orders' stand, with cases opened as the API opens them."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import TimeSkipper

from ordersaga.domain.after_sales.case import Case, Kind, Reason
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.messages import ACT, DECIDE, ActedBy, CaseCommand, CaseDecision, StateReached, case_workflow_id
from ordersaga.domain.payment import Payment, PaymentState
from ordersaga.domain.refund import Refund
from ordersaga.gateways.after_sales import run_of
from ordersaga.gateways.beginning import begin
from ordersaga.persistence import after_sales, payments, refunds
from ordersaga.persistence.case_opening import open_case
from tests.integration.order_runs import BUYER, PATIENCE, result_of
from tests.integration.order_stand import QUEUE, OrderStand
from tests.integration.refund_stand import RefundStand
from tests.shop import until

MERCHANT = ActedBy(role="merchant", subject="mia", channel="temporal_ui", reason="it is as the buyer says")
WAREHOUSE = ActedBy(role="warehouse", subject="wu", channel="temporal_ui", reason="looked at it")


@dataclass
class CaseStand:
    """`orders` is the shop around it, `refunds` are its refunds, which the provider reports by itself."""

    orders: OrderStand
    refunds: RefundStand
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def opens(
        self,
        order_no: str,
        kind: Kind = Kind.REFUND,
        wanted: dict[int, int] | None = None,
        *,
        reason: Reason = Reason.DEFECTIVE,
        by: ActedBy = BUYER,
        **more: Any,
    ) -> Case:
        """A case whose run has begun."""
        async with self.orders.database.transaction() as connection:
            case = await open_case(
                connection,
                order_no,
                kind=kind,
                wanted=wanted or {1: 1},
                reason=reason,
                by=by,
                at=datetime.now(UTC),
                **more,
            )
        await begin(self.orders.client, run_of(case.case_no), task_queue=QUEUE, patience=timedelta(seconds=PATIENCE))
        return case

    async def decides(self, case: Case, decision: str = "approve", by: ActedBy = MERCHANT) -> str:
        async with asyncio.timeout(PATIENCE):
            word = CaseDecision(decision=decision, by=by)
            reached = await self.run(case).execute_update(DECIDE, word, result_type=StateReached)
        return str(reached.state)

    async def says(self, case: Case, command: str, by: ActedBy = BUYER, **details: Any) -> str:
        async with asyncio.timeout(PATIENCE):
            word = CaseCommand(command=command, by=by, details=details)
            reached = await self.run(case).execute_update(ACT, word, result_type=StateReached)
        return str(reached.state)

    async def refusal(self, case: Case, command: str, by: ActedBy = BUYER, **details: Any) -> str:
        """Say what is to be refused. The refusal's code."""
        is_decision = command in ("approve", "reject")
        word = self.decides(case, command, by) if is_decision else self.says(case, command, by, **details)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await word
        assert isinstance(refused.value.cause, ApplicationError)
        return str(refused.value.cause.type)

    def run(self, case: Case) -> WorkflowHandle[Any, Any]:
        return self.orders.client.get_workflow_handle(case_workflow_id(case.case_no), result_type=StateReached)

    async def passes(self, case: Case, time: timedelta) -> None:
        """Let `time` pass for the case's run and for nobody else."""
        async with asyncio.timeout(PATIENCE):
            await TimeSkipper(self.orders.client).fast_forward(self.run(case), time)

    async def ends(self, case: Case) -> str:
        """The state in which the run ends."""
        return str((await result_of(self.run(case))).state)

    async def case(self, case: Case) -> Case:
        async with self.orders.database.transaction() as connection:
            return await after_sales.known(connection, case.case_no)

    async def until(self, case: Case, *states: CaseState) -> Case:
        return await until(lambda: self.case(case), lambda now: now.state in states, PATIENCE)

    async def refunds_of(self, case: Case) -> Sequence[Refund]:
        async with self.orders.database.transaction() as connection:
            return await refunds.of_case(connection, case.case_no)

    async def pays_back(self, case: Case) -> Sequence[Refund]:
        """The provider pays back what the case gives back, and says so."""
        for refund in await self.refunds_of(case):
            await until(partial(self._sent, refund), bool, PATIENCE)
            await self.refunds.reports(refund, RefundState.SUCCEEDED)
        return await self.refunds_of(case)

    async def _sent(self, refund: Refund) -> bool:
        return refund.reference in self.orders.provider.refunds[refund.payment_id]

    async def captured(self, order_no: str) -> Payment:
        async with self.orders.database.transaction() as connection:
            found = await payments.of_order(connection, order_no)
        return next(payment for payment in found if payment.state is PaymentState.SUCCEEDED)
