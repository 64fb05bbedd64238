"""Receiving: the buyer confirms, or time does; then the after-sales window, then the end (R-CNF-1, R-CMP-1)."""

from datetime import datetime, timedelta

from temporalio import workflow

from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.messages import CONFIRM_RECEIPT, ActedBy, OrderStart, StateReached
from workflows.ending import Ending
from workflows.run import SYSTEM


class Receiving(Ending):
    """From signed for to completed."""

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self._receipt_confirmed: ActedBy | None = None
        self._received = False
        self._closes_at: datetime

    @workflow.update(name=CONFIRM_RECEIPT, description="The buyer has the goods; begins the after-sales window.")
    async def confirm_receipt(self, by: ActedBy) -> StateReached:
        self._receipt_confirmed = self._receipt_confirmed or by
        await workflow.wait_condition(lambda: self._received)
        return StateReached(state=self.state)

    @confirm_receipt.validator
    def _confirm_receipt_is_allowed(self, by: ActedBy) -> None:
        self.require(Action.CONFIRM_RECEIPT, by)

    async def completed(self) -> None:
        """Confirm receipt, keep the after-sales window open, complete; unless the order came to nothing."""
        if self.state in self.machine.final:
            return
        await self._confirm()
        if self.machine.knows(Action.RETURN_EVERYTHING):
            await self._keep_window_open()
            return
        self.tell(f"the after-sales window to close at {self._closes_at.isoformat()}")
        await workflow.sleep(self._window, summary="After-sales window")
        await self.move(Action.COMPLETE)

    async def _keep_window_open(self) -> None:
        """Until its time is over and no case is open, or nothing of the order stays (R-CMP-1)."""
        if self.cases_have_changed:
            # The order may be over at once. A run whose last task fails, because somebody says something in that
            # moment, would begin it again without the confirmation.
            await self.is_written_down()
        was_over = False
        while self.state not in self.machine.final:
            time_left = self._closes_at - workflow.now()
            is_over = time_left <= timedelta()
            self.tell("its after-sales cases" if is_over else f"the window to close at {self._closes_at.isoformat()}")
            if was_over or not is_over:
                is_over = await self._case_or_time(None if is_over else time_left)
            was_over = is_over
            await self.ended(Action.COMPLETE if is_over else "", Action.RETURN_EVERYTHING)

    async def _case_or_time(self, time_left: timedelta | None) -> bool:
        """Wait until a case is over, or the time that is left; whether no time is left now."""
        try:
            await workflow.wait_condition(
                lambda: self.cases_have_changed, timeout=time_left, timeout_summary="After-sales window"
            )
        except TimeoutError:
            return True
        return time_left is None

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
            await self._receive(Action.CONFIRM_RECEIPT_AUTOMATICALLY, SYSTEM)
        else:
            assert self._receipt_confirmed is not None  # noqa: S101 - the condition above, for the type checker
            await self._receive(Action.CONFIRM_RECEIPT, self._receipt_confirmed)

    async def _receive(self, action: Action, by: ActedBy) -> None:
        self._closes_at = workflow.now() + self._window
        await self.move(action, by, after_sales_until=self._closes_at)
        self._received = True

    @property
    def _window(self) -> timedelta:
        return timedelta(seconds=self.recorded.policies.after_sales_seconds)
