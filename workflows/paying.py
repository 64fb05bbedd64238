"""Paying: a timer, reports of providers, and a cancel that may race with both (R-PAY-2 … R-PAY-4, R-REV-2, P2)."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from ordersaga.contracts.offers import OfferActivities, UseOffers
from ordersaga.contracts.payment import CloseAttempts, PaymentActivities, SettlePayments
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import CANCEL, PAYMENT_REPORTED, ActedBy, OrderStart, StateReached
from ordersaga.domain.payment import CONFIRMED_BY, Instalment
from ordersaga.domain.pricing.restoration import Undoing
from workflows.placing import Placing
from workflows.run import REFUSED, SYSTEM, refusal
from workflows.steps import perform


@dataclass(frozen=True, slots=True)
class Closing:
    """Why an order is given up unpaid: the actions that begin and end it, and what it means for what the order held."""

    begin: Action
    end: Action
    undoing: Undoing


CANCELLED = Closing(Action.CANCEL, Action.CONFIRM_CANCELLATION, Undoing.CANCELLED)
TIMED_OUT = Closing(Action.REACH_PAYMENT_DEADLINE, Action.TIME_OUT, Undoing.TIMED_OUT)


class Paying(Placing):
    """Waits for money until the deadline; then attempts are closed at the provider before anything is undone."""

    first_instalment = Instalment.FULL

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self._payment_reported = False
        self._cancel_wanted: ActedBy | None = None
        self._open_attempts = 0
        self._settling_late = False
        self._awaited = self.first_instalment
        self.holds_offers = start.holds_offers

    @workflow.signal(name=PAYMENT_REPORTED, description="A provider's report lies in the inbox.")
    def payment_reported(self) -> None:
        self._payment_reported = True

    @workflow.update(name=CANCEL, description="Cancel before payment; answers when it is decided.")
    async def cancel(self, by: ActedBy) -> StateReached:
        self._cancel_wanted = self._cancel_wanted or by
        await workflow.wait_condition(
            lambda: self._cancel_wanted is None or self.state == REFUSED or self._gives_money_back()
        )
        if not self._given_up() and not self._gives_money_back():
            self.require(Action.CANCEL, by)
            raise refusal(f"{self.state} was reached before the cancel", action=Action.CANCEL, state=self.state)
        return StateReached(state=self.state)

    @cancel.validator
    def _cancel_is_allowed(self, by: ActedBy) -> None:
        self.require(Action.CANCEL, by)

    def cancellation_requested(self, by: ActedBy) -> None:
        """Cancel as the `cancel` update would; once the order is paid, its table says no and it goes on."""
        if self.machine.allows(self.state, Action.CANCEL, Actor(by.role)):
            self._cancel_wanted = self._cancel_wanted or by

    async def paid(self) -> bool:
        """Whether the order was paid; if not, everything that it held has been given back."""
        await self._collect(self.recorded.due_now)
        return await self._conclude()

    async def _collect(self, amount: int) -> None:
        """Wait for an instalment of `amount` until its deadline, or until somebody cancels."""
        if amount == 0:
            await self.move(CONFIRMED_BY[self._awaited])
        self.tell(f"payment until {self.payment_due_at.isoformat()}")
        while self._awaits_payment():
            await self._news(self.payment_due_at, "Payment deadline")
            if self._payment_reported:
                await self._settle()
            elif self._cancel_wanted is not None:
                await self._close(self.cancelled_unpaid(), self._cancel_wanted)
            elif self.is_asked_for_more():
                await self.answer_more()
            else:
                await self._close(self.missed_deadline(), SYSTEM)

    async def _conclude(self) -> bool:
        """Whether the order was paid. From here on every report is of money that it does not take."""
        if not self._may_still_be_cancelled():
            self._cancel_wanted = None
        self._settling_late = True
        self._watch = asyncio.create_task(self._watch_late_reports())
        if self._given_up() or self._gives_money_back():
            return False
        if self.holds_offers:
            await self._use_offers()
        return True

    def is_asked_for_more(self) -> bool:
        """Whether somebody waits for an answer, beside those who pay and cancel. Stages that give one say so."""
        return False

    async def answer_more(self) -> None:
        """Give it, while the order waits for its payment."""

    async def lived(self, life: Coroutine[Any, Any, None]) -> StateReached:
        """Where the order stands after its `life`, once every update was answered and every report taken into account.

        This is what the `run` of every order type does.
        """
        await self.unbroken(life)
        await workflow.wait_condition(lambda: workflow.all_handlers_finished() and self._has_settled())
        return StateReached(state=self.state)

    def _has_settled(self) -> bool:
        return not self._payment_reported and not self._settling_late

    async def _watch_late_reports(self) -> None:
        """A second payment or a late one is money that the order does not take; it must be seen all the same (P1)."""
        if self._open_attempts and not self._given_up() and not self._gives_money_back():
            await self._close_attempts()
            await self._settle()
        while True:
            self._settling_late = False
            await workflow.wait_condition(lambda: self._payment_reported)
            self._settling_late = True
            await self._settle()

    def cancelled_unpaid(self) -> Closing:
        """What it means that somebody cancels what is not paid."""
        return CANCELLED

    def missed_deadline(self) -> Closing:
        """What it means that the time to pay is over."""
        return TIMED_OUT

    def _may_still_be_cancelled(self) -> bool:
        """Whether who wanted to cancel, and was overtaken by the payment, gets the money back instead."""
        wanted = self._cancel_wanted
        return wanted is not None and self.machine.allows(self.state, Action.CANCEL, Actor(wanted.role))

    def _gives_money_back(self) -> bool:
        return self.machine.allows(self.state, Action.FINISH_REFUND, Actor.SYSTEM)

    def _awaits_payment(self) -> bool:
        return self.machine.allows(self.state, CONFIRMED_BY[self._awaited], Actor.SYSTEM)

    def _given_up(self) -> bool:
        return self.state in self.machine.final

    async def _news(self, until: datetime, of: str) -> None:
        self.shows()
        time_left = until - workflow.now()
        try:
            await workflow.wait_condition(
                lambda: self._payment_reported or self._cancel_wanted is not None or self.is_asked_for_more(),
                timeout=max(time_left, timedelta(milliseconds=1)),
                timeout_summary=of,
            )
        except TimeoutError:
            return

    async def _settle(self) -> None:
        """Take into account what providers reported; what arrives meanwhile is for the next time."""
        self._payment_reported = False
        settlement = await perform(
            PaymentActivities.settle,
            SettlePayments(order_no=self.order_no, at=workflow.now(), instalment=self._awaited),
            summary="Settle what providers reported",
        )
        self._open_attempts = settlement.open_attempts
        if self._awaits_payment() and self._leads_to(settlement.state):
            self.show(settlement.state)

    def _leads_to(self, state: str) -> bool:
        """Whether a report can lead there from here.

        Any other state is where a later step has brought the order already, on a worker that died before it could say
        so: that step is repeated from here and must find the run where it was.
        """
        reports = (CONFIRMED_BY[self._awaited], Action.FAIL_PAYMENT)
        return state != self.state and any(
            (row.current, row.next) == (self.state, state) and row.action in reports for row in self.machine.rows
        )

    async def _use_offers(self) -> None:
        """A paid order goes on to its parcels after this, however long it takes; nothing refuses it any more."""
        await perform(
            OfferActivities.use,
            UseOffers(order_no=self.order_no, at=workflow.now()),
            summary="Use coupons, points and budgets",
        )

    async def _close(self, closing: Closing, by: ActedBy) -> None:
        await self.move(closing.begin, by)
        self.tell("providers to close the open payment attempts")
        await self._settle()
        if self._open_attempts:
            await self._close_attempts()
            await self._settle()
        if self._awaits_payment():
            await self.give_back(closing.undoing)
            await self._end(closing)

    async def _end(self, closing: Closing) -> None:
        await self.move(closing.end)

    async def _close_attempts(self, within: timedelta | None = None) -> None:
        patience = timedelta(seconds=self.recorded.policies.closing_payment_seconds)
        try:
            await workflow.execute_activity_method(
                PaymentActivities.close_attempts,
                CloseAttempts(order_no=self.order_no),
                start_to_close_timeout=timedelta(seconds=20),
                schedule_to_close_timeout=min(within or patience, patience),
                summary="Close open attempts at the provider",
            )
        except ActivityError:
            workflow.logger.warning("a provider did not close its attempts in time; money after this is unexpected")
