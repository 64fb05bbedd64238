"""Balancing: a deposit now, the balance in a window of its own weeks later (R-TYPE-3)."""

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow

from ordersaga.contracts.order import OrderActivities, RemindBuyer
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.messages import ActedBy
from ordersaga.domain.notifications import Notification
from ordersaga.domain.payment import Instalment
from ordersaga.domain.presale import FORFEIT, REFUND, PresaleTerms
from ordersaga.domain.pricing.restoration import Undoing
from workflows.paying import CANCELLED, TIMED_OUT, Closing
from workflows.refunding import Refunding
from workflows.reviewing import Reviewing
from workflows.steps import perform

_MOMENT = timedelta(milliseconds=1)
_LAST_PART = 1 / 4
"""How much of the time to pay is left when the buyer is reminded."""
_ENDS = {FORFEIT: Action.FORFEIT_DEPOSIT, REFUND: Action.REFUND_DEPOSIT}
_REASONS = {Undoing.CANCELLED: "cancelled", Undoing.TIMED_OUT: "balance_missed"}


class Balancing(Reviewing, Refunding):
    """What the order holds it keeps until both parts are paid, or until it is given up.

    Whether a deposit is kept depends on why the balance was never paid. So a choice stands in the run's history before
    anything is done about it: a run that is taken up after its worker's death cannot choose otherwise.
    """

    first_instalment = Instalment.DEPOSIT

    async def deposited(self) -> bool:
        """Whether the deposit was paid; if not, everything that the order held has been given back."""
        await self._collect(self.recorded.due_now)
        # Who cancelled an unpaid order has not asked to lose a deposit.
        self._cancel_wanted = None
        if self._given_up():
            return await self._conclude()
        if self._open_attempts:
            await self._close_attempts()
            await self._settle()
        return True

    async def balanced(self) -> bool:
        """Whether the balance was paid too; if not, everything was given back, the deposit as its terms say."""
        self._awaited = Instalment.BALANCE
        await self._wait_for_window(self._terms.balance_opens_at)
        if self._cancel_wanted is None:
            await self._collect_balance(self.recorded.payable - self.recorded.due_now)
        else:
            await self._close(self.cancelled_unpaid(), self._cancel_wanted)
        paid = await self._conclude()
        if self._gives_money_back():
            await self.money_is_back()
        return paid

    @property
    def _terms(self) -> PresaleTerms:
        return PresaleTerms.of(self.recorded.sale or {})

    async def _wait_for_window(self, opens_at: datetime) -> None:
        self.tell(f"the balance's window to open at {opens_at.isoformat()}")
        while self._cancel_wanted is None and workflow.now() < opens_at:
            await self._news(opens_at, "The balance's window opens")
            if self._payment_reported:
                await self._settle()

    async def _collect_balance(self, amount: int) -> None:
        """Open the window; an order whose deposit was all there is to pay goes on at once."""
        await self.is_written_down()
        grace = timedelta(seconds=self.recorded.policies.payment_seconds)
        self.payment_due_at = self._terms.balance_due_at(workflow.now(), grace)
        told = Notification.BALANCE_DUE if amount else None
        await self.move(Action.OPEN_BALANCE, notify=told, payment_due_at=self.payment_due_at)
        reminding = asyncio.create_task(self._remind()) if amount else None
        await self._collect(amount)
        if reminding is not None:
            await reminding

    async def _remind(self) -> None:
        """Tell the buyer again before the window closes, if the balance is still awaited then."""
        awaiting = self.state
        try:
            await workflow.wait_condition(
                lambda: self.state != awaiting,
                timeout=max((self.payment_due_at - workflow.now()) * (1 - _LAST_PART), _MOMENT),
                timeout_summary="Reminder of the balance",
            )
        except TimeoutError:
            await perform(
                OrderActivities.remind,
                RemindBuyer(order_no=self.order_no, kind=Notification.BALANCE_CLOSES_SOON, at=workflow.now()),
                summary="Remind the buyer of the balance",
            )

    def cancelled_unpaid(self) -> Closing:
        if self._awaited is Instalment.DEPOSIT:
            return CANCELLED
        return Closing(Action.CANCEL, _ENDS[self._terms.cancelled], Undoing.CANCELLED)

    def missed_deadline(self) -> Closing:
        if self._awaited is Instalment.DEPOSIT:
            return TIMED_OUT
        return Closing(Action.REACH_BALANCE_DEADLINE, _ENDS[self._terms.missed_balance], Undoing.TIMED_OUT)

    async def _close(self, closing: Closing, by: ActedBy) -> None:
        if self._awaited is Instalment.BALANCE:
            await self.is_written_down()
        await super()._close(closing, by)

    async def _end(self, closing: Closing) -> None:
        if closing.end is Action.REFUND_DEPOSIT:
            await self.give_money_back(closing.end, reason=_REASONS[closing.undoing])
        elif closing.end is Action.FORFEIT_DEPOSIT:
            await self.move(closing.end, notify=Notification.DEPOSIT_FORFEITED)
        else:
            await super()._end(closing)
