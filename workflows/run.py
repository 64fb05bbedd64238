"""What every order's run has: its table, its state, and the steps that move it."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from ordersaga.contracts.order import MoveOrder, OrderActivities, RecordedOrder
from ordersaga.contracts.search_attributes import ORDER_STATUS
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import BY_THE_RUN, ActedBy, OrderStart
from workflows.steps import perform

_MOMENT = timedelta(milliseconds=1)

REFUSED = "refused"
"""What operators read of a run whose submission never became an order: no state of the table."""

SYSTEM = BY_THE_RUN
CANCELLED_NATIVELY = ActedBy(role=Actor.OPERATOR, subject="temporal", channel="temporal_ui", reason="run cancelled")


def refusal(message: str, **details: Any) -> ApplicationError:
    """What an update or its validator raises to refuse an action, as the table does."""
    error = ActionNotAllowed(message, **details)
    return ApplicationError(error.message, error.details, type=error.code, non_retryable=True)


class OrderRun:
    """One order's run, pinned to the versions of table and policies that it began with. Stages build upon it."""

    def __init__(self, start: OrderStart) -> None:
        self.start = start
        self.machine = order_type(start.order_type).version(start.table_version)
        self.state = self.machine.initial
        self._shown = self.state
        self.recorded: RecordedOrder
        self._steps = 0

    @property
    def order_no(self) -> str:
        return self.start.order_no

    async def move(
        self,
        action: str,
        by: ActedBy = SYSTEM,
        *,
        notify: str | None = None,
        payment_due_at: datetime | None = None,
        after_sales_until: datetime | None = None,
    ) -> str:
        """Take `action`: the next state by the table, compared and set in the database with its audit row. Where the
        order stands then is another state if a run that was taken up again comes by, and took another action before.

        `payment_due_at` is until when the buyer may pay from now on, `after_sales_until` until when the order may be
        claimed on, where the action changes that.
        """
        reached = self.machine.next(self.state, action, Actor(by.role))
        stands = await perform(
            OrderActivities.move,
            MoveOrder(
                order_no=self.order_no,
                step=self.next_step(),
                action=action,
                from_state=self.state,
                to_state=reached,
                at=workflow.now(),
                by=by,
                notify=notify,
                payment_due_at=payment_due_at,
                after_sales_until=after_sales_until,
            ),
            summary=f"{action} → {reached}",
        )
        self.show(reached)
        return stands.state if stands else reached

    def next_step(self) -> int:
        self._steps += 1
        return self._steps

    async def is_written_down(self) -> None:
        """End the workflow task: what was chosen in it is in the history from then on.

        A task that fails takes with it an update that arrived in it, and leaves behind what its local steps did. Where
        a run that is taken up again could choose otherwise, the choice is written down before anything is done.
        """
        await workflow.sleep(_MOMENT, summary="Write down what comes next")

    def show(self, state: str) -> None:
        """Be in `state`, and let operators find the run by it: once it waits there, as each change costs."""
        self.state = state
        if self.start.revision < 2:
            workflow.upsert_search_attributes([ORDER_STATUS.value_set(state)])

    def shows(self) -> None:
        """Let operators find the run by the state in which it is now."""
        if self.start.revision >= 2 and self._shown != self.state:
            self._shown = self.state
            workflow.upsert_search_attributes([ORDER_STATUS.value_set(self.state)])

    def tell(self, waits_for: str) -> None:
        """Let operators read in the Temporal UI where the order stands and what it waits for."""
        self.shows()
        workflow.set_current_details(
            f"**{self.order_no}** · {self.recorded.summary}\n\n"
            f"| state | waits for |\n|---|---|\n| `{self.state}` | {waits_for} |"
        )

    def require(self, action: str, by: ActedBy) -> None:
        """For validators: refuse what the table does not allow now."""
        try:
            if by.role not in set(Actor):
                raise ActionNotAllowed(f"there is no role {by.role!r}", action=action, allowed_roles=list(Actor))
            self.machine.next(self.state, action, Actor(by.role))
        except ActionNotAllowed as error:
            raise ApplicationError(error.message, error.details, type=error.code, non_retryable=True) from error

    async def unbroken(self, flow: Coroutine[Any, Any, None]) -> None:
        """Run `flow` to its end. A native cancellation only asks; what it means is the table's business.

        Cancelling the code itself would leave stock held, and money taken with nothing sent.
        """
        running = asyncio.create_task(flow)
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            self.cancellation_requested(CANCELLED_NATIVELY)
            await running
        self.shows()

    def cancellation_requested(self, by: ActedBy) -> None:
        """Somebody cancelled the run in the Temporal UI. Stages that know what to do say so."""
