"""Placing: from a submission to an order, or to nothing at all (R-SUB-2, R-SUB-5)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from ordersaga.contracts.order import OrderActivities, RecordOrder, RefuseOrder
from ordersaga.contracts.stock import ReleaseStock, ReserveStock, StockActivities
from ordersaga.domain.errors import PlacingTimedOut
from ordersaga.domain.messages import PLACE, OrderStart, Placement
from workflows.run import REFUSED, OrderRun
from workflows.steps import perform

Compensation = Callable[[], Awaitable[None]]


class Placing(OrderRun):
    """A saga of short steps, one per neighbouring system. Each compensation is registered before its step."""

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self._placement: Placement | None = None
        self._compensations: list[Compensation] = []

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
        self._compensations.append(self._release_stock)
        await perform(
            StockActivities.reserve,
            ReserveStock(order_no=self.order_no, at=workflow.now()),
            summary="Hold stock",
            within=self._time_left(),
        )
        await self._record(self._time_left())

    async def _record(self, within: timedelta | None = None) -> None:
        self.recorded = await perform(
            OrderActivities.record,
            RecordOrder(
                order_no=self.order_no,
                order_type=self.start.order_type,
                table_version=self.start.table_version,
                policy_version=self.start.policy_version,
                at=workflow.info().start_time,
            ),
            summary="Record the order",
            within=within,
        )

    async def _refuse(self, refusal: Placement) -> Placement:
        """Refuse for good. The database has the last word: a record whose answer was lost stands."""
        settled = await perform(
            OrderActivities.refuse, RefuseOrder(order_no=self.order_no, refusal=refusal), summary="Refuse the order"
        )
        if settled.placed:
            await self._record()
            return settled
        for compensate in reversed(self._compensations):
            await compensate()
        return settled

    async def _release_stock(self) -> None:
        await perform(
            StockActivities.release,
            ReleaseStock(order_no=self.order_no, at=workflow.now()),
            summary="Give the stock back",
        )

    async def give_back(self) -> None:
        """Undo every lock of a placed order that will not be paid (R-PAY-3, R-REV-2)."""
        for compensate in reversed(self._compensations):
            await compensate()

    def _time_left(self) -> timedelta:
        deadline = workflow.info().start_time + timedelta(seconds=self.start.placing_seconds)
        return max(deadline - workflow.now(), timedelta(seconds=1))


def _refusal(error: ActivityError | ApplicationError) -> Placement:
    if isinstance(error, ApplicationError) and error.type is not None:
        details = error.details[0] if error.details else {}
        return Placement(placed=False, code=error.type, message=error.message, details=details)
    return Placement(placed=False, code=PlacingTimedOut.code, message="the order could not be placed in time")
