"""Grouping: a seat is taken before the order is, and a paid order waits for its group (R-TYPE-5)."""

from collections.abc import Awaitable, Callable, Iterator

from temporalio import workflow

from ordersaga.contracts.group import GroupActivities, LeaveSeat, Membership, PaySeat, TakeSeat
from ordersaga.domain.group import Prospect
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.messages import GROUP_DECIDED, ActedBy, OrderStart
from ordersaga.domain.notifications import Notification
from ordersaga.domain.pricing.restoration import Undoing
from workflows.paying import Closing, Paying
from workflows.refunding import Refunding
from workflows.steps import perform

GROUP_EXPIRED = Closing(Action.EXPIRE_GROUP, Action.CONFIRM_CANCELLATION, Undoing.CANCELLED)


class Grouping(Paying, Refunding):
    """The seat is what is wanted most, and so is asked for first; the time to pay never outlives the group."""

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self._group_decided = False

    @workflow.signal(name=GROUP_DECIDED, description="The order's group has filled or is over, or its seat is gone.")
    def group_decided(self) -> None:
        self._group_decided = True

    def locks(self) -> Iterator[Callable[[], Awaitable[None]]]:
        yield self._take_seat
        yield from super().locks()

    def missed_deadline(self) -> Closing:
        return GROUP_EXPIRED if self.payment_due_at == self.held_until else super().missed_deadline()

    async def grouped(self) -> bool:
        """Whether the group of a paid order filled; if not, everything was given back, the money too."""
        membership = await self._pay_seat()
        while membership.prospect is Prospect.WAITING:
            self.tell(f"its group {membership.group_code}: {membership.paid} of {membership.size} seats are paid for")
            await workflow.wait_condition(lambda: self._group_decided or self._cancel_wanted is not None)
            membership = await (self._pay_seat() if self._group_decided else self._leave_seat())
        if membership.prospect is Prospect.FILLED:
            await self.move(Action.FILL_GROUP, notify=Notification.GROUP_FILLED)
            self._cancel_wanted = None
            return True
        await self.give_back(Undoing.REFUNDED)
        await self._give_up(self._cancel_wanted)
        self._cancel_wanted = None
        return False

    async def _give_up(self, by: ActedBy | None) -> None:
        if by is None:
            await self.refunded(Action.EXPIRE_GROUP, reason="group_expired", notify=Notification.GROUP_EXPIRED)
        else:
            await self.refunded(Action.CANCEL, reason="cancelled", by=by)

    async def _take_seat(self) -> None:
        self.compensate_with(self._return_seat)
        taken = await perform(
            GroupActivities.take_seat,
            TakeSeat(order_no=self.order_no, at=workflow.now()),
            summary="Take a seat in the group",
            within=self.time_left(),
        )
        self.held_until = taken.expires_at

    async def _pay_seat(self) -> Membership:
        """Say that the seat is paid for, or see again what comes of it."""
        self._group_decided = False
        return await perform(
            GroupActivities.pay_seat,
            PaySeat(order_no=self.order_no, at=workflow.now()),
            summary="See what comes of the group",
        )

    async def _leave_seat(self) -> Membership:
        return await perform(
            GroupActivities.leave_seat,
            LeaveSeat(order_no=self.order_no, at=workflow.now()),
            summary="Give the seat back",
        )

    async def _return_seat(self, _: Undoing) -> None:
        await self._leave_seat()
