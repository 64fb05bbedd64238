"""Receiving: the buyer confirms, or time does; then the after-sales window, then the end (R-CNF-1, R-CMP-1)."""

from datetime import timedelta

from temporalio import workflow

from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.messages import CONFIRM_RECEIPT, ActedBy, OrderStart, StateReached
from workflows.run import OrderRun


class Receiving(OrderRun):
    """From signed for to completed."""

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self._receipt_confirmed: ActedBy | None = None
        self._received = False

    @workflow.update(name=CONFIRM_RECEIPT, description="The buyer has the goods; begins the after-sales window.")
    async def confirm_receipt(self, by: ActedBy) -> StateReached:
        self._receipt_confirmed = self._receipt_confirmed or by
        await workflow.wait_condition(lambda: self._received)
        return StateReached(state=self.state)

    @confirm_receipt.validator
    def _confirm_receipt_is_allowed(self, by: ActedBy) -> None:
        self.require(Action.CONFIRM_RECEIPT, by)

    async def completed(self) -> None:
        """Confirm receipt, keep the after-sales window open, complete."""
        await self._confirm()
        window = timedelta(seconds=self.recorded.policies.after_sales_seconds)
        self.tell(f"the after-sales window to close at {(workflow.now() + window).isoformat()}")
        await workflow.sleep(window, summary="After-sales window")
        await self.move(Action.COMPLETE)

    async def _confirm(self) -> None:
        patience = timedelta(seconds=self.recorded.policies.confirm_seconds)
        self.tell(f"the buyer to confirm receipt until {(workflow.now() + patience).isoformat()}")
        try:
            await workflow.wait_condition(
                lambda: self._receipt_confirmed is not None,
                timeout=patience,
                timeout_summary="Automatic confirmation",
            )
        except TimeoutError:
            await self.move(Action.CONFIRM_RECEIPT_AUTOMATICALLY)
        else:
            assert self._receipt_confirmed is not None  # noqa: S101 - the condition above, for the type checker
            await self.move(Action.CONFIRM_RECEIPT, self._receipt_confirmed)
        self._received = True
