"""Returning: digital goods that nobody has used go back, and the money with them (R-TYPE-4)."""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from ordersaga.contracts.digital import BeginReturn, DigitalActivities, EndReturn
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import RETURN_UNUSED, ActedBy, OrderStart, StateReached
from ordersaga.domain.pricing.restoration import Undoing
from workflows.entitling import Entitling
from workflows.steps import perform, perform_regularly

UNUSED = "returned_unused"
"""Why the money goes back."""


class Returning(Entitling):
    """The database decides between a return and a first look at a code; the run decides one return at a time."""

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self._return_wanted: ActedBy | None = None
        self._return_refused: ApplicationError | None = None
        self._is_returned = False
        self._returns = 0

    @workflow.update(name=RETURN_UNUSED, description="Return what was not used; answers when it is decided.")
    async def return_unused(self, by: ActedBy) -> StateReached:
        self._return_wanted = self._return_wanted or by
        await workflow.wait_condition(lambda: self._return_wanted is None or not self._may_return(by))
        if self._may_return(by) and self._return_refused is not None:
            raise self._return_refused
        if not self._is_returned:
            self.require(Action.RETURN_UNUSED, by)
        return StateReached(state=self.state)

    @return_unused.validator
    def _return_is_allowed(self, by: ActedBy) -> None:
        self.require(Action.RETURN_UNUSED, by)

    async def returned_within(self, window: timedelta) -> bool:
        """Whether the order was returned before the window closed; everything is back with whom it came from then."""
        closes_at = workflow.now() + window
        self.tell(f"the after-sales window to close at {closes_at.isoformat()}")
        while True:
            try:
                await workflow.wait_condition(
                    lambda: self._return_wanted is not None,
                    timeout=max(closes_at - workflow.now(), timedelta(milliseconds=1)),
                    timeout_summary="After-sales window",
                )
            except TimeoutError:
                return False
            assert self._return_wanted is not None  # noqa: S101 - the condition above, for the type checker
            if await self._returned(self._return_wanted):
                return True

    async def _returned(self, by: ActedBy) -> bool:
        try:
            await self._take_back(by)
        except ApplicationError as refusal:
            self._return_wanted, self._return_refused = None, refusal
            return False
        self._is_returned = True
        await self.give_back(Undoing.REFUNDED)
        await self.refunded(Action.RETURN_UNUSED, reason=UNUSED, by=by)
        return True

    async def _take_back(self, by: ActedBy) -> None:
        self._returns += 1
        await perform_regularly(
            DigitalActivities.begin_return,
            BeginReturn(order_no=self.order_no, number=self._returns, by=by),
            summary="See that no code was revealed, and reveal none any more",
        )
        try:
            await self.revoked()
        except ApplicationError:
            await perform(
                DigitalActivities.end_return, EndReturn(order_no=self.order_no), summary="Let codes be revealed again"
            )
            raise

    def _may_return(self, by: ActedBy) -> bool:
        return self.machine.allows(self.state, Action.RETURN_UNUSED, Actor(by.role))
