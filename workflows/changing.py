"""Changing: an order that is not paid yet may get smaller, or be delivered in another way (R-REV-1)."""

from collections import deque
from dataclasses import replace
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from ordersaga.contracts.order_change import ApplyChange, OrderChangeActivities
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import CHANGE, AcceptedChange, OrderStart, StateReached
from workflows.reviewing import Reviewing
from workflows.run import refusal
from workflows.steps import perform

_TRIES = 3
_PATIENCE = timedelta(seconds=30)
"""How long a provider may take to close an attempt that asks for the old sum. The time to pay runs on meanwhile."""


class Changing(Reviewing):
    """One change after the other, between the reports of providers. A payment that was faster is a payment.

    What was paid for stands: an attempt that asks for the old sum is closed at its provider before anything is changed,
    and if one was opened meanwhile, closed again.
    """

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self._changes: deque[AcceptedChange] = deque()
        self._refusals: dict[str, ApplicationError | None] = {}

    @workflow.update(
        name=CHANGE, description="Change the goods or the delivery before payment; answers when it is done."
    )
    async def change(self, accepted: AcceptedChange) -> StateReached:
        if accepted.proposal_id not in self._refusals:
            self._changes.append(accepted)
        await workflow.wait_condition(
            lambda: accepted.proposal_id in self._refusals or not self._awaits_payment() or self._gives_money_back()
        )
        if accepted.proposal_id not in self._refusals:
            raise refusal(f"{self.state} was reached before the change", action=Action.CHANGE_ORDER, state=self.state)
        if refused := self._refusals[accepted.proposal_id]:
            raise refused
        return StateReached(state=self.state)

    @change.validator
    def _change_is_allowed(self, accepted: AcceptedChange) -> None:
        self.require(Action.CHANGE_ORDER, accepted.by)

    def is_asked_for_more(self) -> bool:
        return bool(self._changes)

    async def answer_more(self) -> None:
        accepted = self._changes.popleft()
        if accepted.proposal_id in self._refusals:
            return
        # Who accepted it stands in the history before anything is done about it.
        await self.is_written_down()
        try:
            await self._change(accepted)
            self._refusals[accepted.proposal_id] = None
        except ApplicationError as refused:
            self._refusals[accepted.proposal_id] = refused
        self.tell(f"payment until {self.payment_due_at.isoformat()}")

    async def _change(self, accepted: AcceptedChange) -> None:
        for _ in range(_TRIES):
            await self._settle()
            if self._open_attempts:
                await self._close_attempts(_PATIENCE)
                await self._settle()
            if not self.machine.allows(self.state, Action.CHANGE_ORDER, Actor(accepted.by.role)):
                raise refusal("a payment was faster", action=Action.CHANGE_ORDER, state=self.state)
            if self._open_attempts:
                break
            if await self._apply(accepted):
                return
        raise refusal("a payment is under way", action=Action.CHANGE_ORDER, state=self.state)

    async def _apply(self, accepted: AcceptedChange) -> bool:
        """Whether it is done; an attempt that was opened this moment has to be closed first."""
        changed = await perform(
            OrderChangeActivities.apply,
            ApplyChange(order_no=self.order_no, proposal_id=accepted.proposal_id, at=workflow.now(), by=accepted.by),
            summary="Change the order",
        )
        if changed.applied:
            self.recorded = replace(
                self.recorded, payable=changed.payable, due_now=changed.due_now, summary=changed.summary
            )
            self._hold_offers_from_now_on(changed.holds_offers)
        return changed.applied

    def _hold_offers_from_now_on(self, holds_offers: bool) -> None:
        """The new price may rest on an offer where the old one did not. It is given back after the stock, as always."""
        if holds_offers and not self.holds_offers:
            self.holds_offers = True
            self._compensations.insert(0, self._return_offers)
