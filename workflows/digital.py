"""Digital goods (R-TYPE-4): codes of a pool and rights that a provider grants; nothing is shipped."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta

from temporalio import workflow

from ordersaga.contracts.digital import DeliverCodes, DigitalActivities, HoldCodes, ReleaseCodes
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.messages import OrderStart, StateReached
from ordersaga.domain.pricing.restoration import Undoing
from workflows.returning import Returning
from workflows.reviewing import Reviewing
from workflows.steps import perform


@workflow.defn(name="DigitalOrder")
class DigitalOrder(Reviewing, Returning):
    """Create, pay, deliver at once; what nobody has looked at can be returned until the after-sales window closes.

    Updates: `place`, `decide_risk`, `cancel`, `return_unused`. Signals: `payment_reported`, `refund_finished`.
    Guarantees: a code belongs to one order at most; one that was seen is paid for; one that was not seen, of an order
    that comes to nothing, is sold again.
    """

    @workflow.init
    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: OrderStart) -> StateReached:
        return await self.lived(self._live())

    def locks(self) -> Iterator[Callable[[], Awaitable[None]]]:
        yield from super().locks()
        yield self._hold_codes

    async def _live(self) -> None:
        if await self.placed() and await self.cleared() and await self.paid() and await self.entitled():
            await self._deliver()
            await self.move(Action.CONFIRM_RECEIPT_AUTOMATICALLY)
            window = timedelta(seconds=self.recorded.policies.after_sales_seconds)
            if not await self.returned_within(window):
                await self.move(Action.COMPLETE)

    async def _hold_codes(self) -> None:
        self.compensate_with(self._release_codes)
        held = await perform(
            DigitalActivities.hold,
            HoldCodes(order_no=self.order_no, at=workflow.now()),
            summary="Hold codes",
            within=self.time_left(),
        )
        self.entitlements = held.entitlements

    async def _release_codes(self, _: Undoing) -> None:
        await perform(
            DigitalActivities.release,
            ReleaseCodes(order_no=self.order_no),
            summary="Give the codes back to the pool",
        )

    async def _deliver(self) -> None:
        reached = self.machine.next(self.state, Action.FULFIL_DIGITALLY)
        await perform(
            DigitalActivities.deliver,
            DeliverCodes(
                order_no=self.order_no,
                step=self.next_step(),
                action=Action.FULFIL_DIGITALLY,
                from_state=self.state,
                to_state=reached,
                at=workflow.now(),
            ),
            summary=f"{Action.FULFIL_DIGITALLY} → {reached}: the codes are the buyer's",
        )
        self.show(reached)
