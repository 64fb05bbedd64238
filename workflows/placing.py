"""Placing: from a submission to an order, or to nothing at all (R-SUB-2, R-SUB-5)."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from ordersaga.contracts.limits import HoldLimits, LimitActivities, ReturnLimits
from ordersaga.contracts.offers import HoldOffers, OfferActivities, ReturnOffers
from ordersaga.contracts.order import OrderActivities, RecordOrder, RefuseOrder
from ordersaga.contracts.stock import ReleaseStock, ReserveStock, StockActivities
from ordersaga.domain.errors import PlacingTimedOut
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.messages import PLACE, OrderStart, Placement
from ordersaga.domain.pricing.restoration import Undoing
from workflows.run import REFUSED, OrderRun
from workflows.steps import perform

Compensation = Callable[[Undoing], Awaitable[None]]
"""Gives back what one step took; what comes back may depend on why."""


class Placing(OrderRun):
    """A saga of short steps, one per neighbouring system. Each compensation is registered before its step.

    Limits come first: who has had enough keeps no coupon and no unit from others, not even for a moment. Offers are
    held before stock. They are refused more often, and held for a moment in vain they are in the way of their account
    alone, where stock is in everybody's. So stock is given back first: from then on the order takes no money, and
    nobody can pay for one whose coupons have gone back already.
    """

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self._placement: Placement | None = None
        self._compensations: list[Compensation] = []
        self.held_until: datetime | None = None
        self.payment_due_at: datetime

    @workflow.update(name=PLACE, description="Wait until the order is placed or refused. Safe to send again.")
    async def place(self) -> Placement:
        await workflow.wait_condition(lambda: self._placement is not None)
        assert self._placement is not None  # noqa: S101 - the condition above, for the type checker
        return self._placement

    async def placed(self) -> bool:
        """Take every lock and record the order; give everything back if one of them is refused."""
        try:
            await self._take_locks()
            placement = Placement(placed=True)
        except (ActivityError, ApplicationError) as error:
            placement = await self._refuse(_refusal(error))
            if not placement.placed:
                self.show(REFUSED)
        self._placement = placement
        return placement.placed

    async def _take_locks(self) -> None:
        for take in self.locks():
            await take()
        await self._record(self.time_left())

    def locks(self) -> Iterator[Callable[[], Awaitable[None]]]:
        """The steps that this order needs, in their order; types with locks of their own add them."""
        if self.start.holds_limits:
            yield self._hold_limits
        if self.start.holds_offers:
            yield self._hold_offers
        if self.start.holds_stock:
            yield self._hold_stock
        elif self.start.deducts_at_payment:
            self.compensate_with(self._release_stock)

    async def _hold_limits(self) -> None:
        """By the time of the submit, as with offers."""
        self.compensate_with(self._return_limits)
        await perform(
            LimitActivities.hold,
            HoldLimits(order_no=self.order_no, at=workflow.info().start_time),
            summary="Count for purchase limits",
            within=self.time_left(),
        )

    async def _hold_offers(self) -> None:
        """By the time of the submit: a coupon that was valid then is not refused because a neighbour was slow."""
        self.compensate_with(self._return_offers)
        await perform(
            OfferActivities.hold,
            HoldOffers(order_no=self.order_no, at=workflow.info().start_time),
            summary="Hold coupons, points and budgets",
            within=self.time_left(),
        )

    async def _hold_stock(self) -> None:
        self.compensate_with(self._release_stock)
        await perform(
            StockActivities.reserve,
            ReserveStock(order_no=self.order_no, at=workflow.now()),
            summary="Hold stock",
            within=self.time_left(),
        )

    async def _record(self, within: timedelta | None = None) -> None:
        self.recorded = await perform(
            OrderActivities.record,
            RecordOrder(
                order_no=self.order_no,
                order_type=self.start.order_type,
                table_version=self.start.table_version,
                policy_version=self.start.policy_version,
                at=workflow.info().start_time,
                under_review=self.start.under_review,
                held_until=self.held_until,
            ),
            summary="Record the order",
            within=within,
        )
        self.payment_due_at = self.recorded.payment_due_at
        if self.start.under_review:
            self.show(self.machine.next(self.state, Action.HOLD_FOR_REVIEW))

    async def _refuse(self, refusal: Placement) -> Placement:
        """Refuse for good. The database has the last word: a record whose answer was lost stands."""
        settled = await perform(
            OrderActivities.refuse, RefuseOrder(order_no=self.order_no, refusal=refusal), summary="Refuse the order"
        )
        if settled.placed:
            await self._record()
            return settled
        await self.give_back(Undoing.REFUSED)
        return settled

    async def _return_limits(self, undoing: Undoing) -> None:
        await perform(
            LimitActivities.give_back,
            ReturnLimits(order_no=self.order_no, undoing=undoing, at=workflow.now()),
            summary="Count no more for purchase limits",
        )

    async def _return_offers(self, undoing: Undoing) -> None:
        await perform(
            OfferActivities.give_back,
            ReturnOffers(order_no=self.order_no, undoing=undoing, at=workflow.now()),
            summary="Give coupons, points and budgets back",
        )

    async def _release_stock(self, _: Undoing) -> None:
        await perform(
            StockActivities.release,
            ReleaseStock(order_no=self.order_no, at=workflow.now()),
            summary="Give the stock back",
        )

    def compensate_with(self, compensation: Compensation) -> None:
        """Register how to give a lock back, before it is taken."""
        self._compensations.append(compensation)

    async def give_back(self, undoing: Undoing) -> None:
        """Undo every lock of an order that comes to nothing, the last one first (R-SUB-5, R-PAY-3, R-REV-2)."""
        for compensate in reversed(self._compensations):
            await compensate(undoing)

    def due_in(self, seconds: int) -> datetime:
        """So many seconds from now; earlier where something that the order holds ends earlier."""
        due = workflow.now() + timedelta(seconds=seconds)
        return due if self.held_until is None else min(due, self.held_until)

    def time_left(self) -> timedelta:
        deadline = workflow.info().start_time + timedelta(seconds=self.start.placing_seconds)
        return max(deadline - workflow.now(), timedelta(seconds=1))


def _refusal(error: ActivityError | ApplicationError) -> Placement:
    if isinstance(error, ApplicationError) and error.type is not None:
        details = error.details[0] if error.details else {}
        return Placement(placed=False, code=error.type, message=error.message, details=details)
    return Placement(placed=False, code=PlacingTimedOut.code, message="the order could not be placed in time")
