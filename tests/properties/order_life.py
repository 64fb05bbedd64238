"""Random lives of one order: lawful steps lead it on, anybody tries anything, and money comes when and as it likes.

The table, its guards, and the rules of payments and refunds are the real ones; what is kept beside them is only what
a bookkeeper would note down.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import OPENS_A_CASE, Action
from ordersaga.domain.lifecycle.guards import Facts
from ordersaga.domain.lifecycle.states import State
from ordersaga.domain.lifecycle.table import Actor, Machine, Transition
from ordersaga.domain.money import Money
from ordersaga.domain.payment import (
    CONFIRMED_BY,
    Instalment,
    Payment,
    PaymentReport,
    PaymentState,
    awaited,
    judge,
)
from ordersaga.domain.refund import Refund, refund_for_case, refund_of

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
PAYABLE, DEPOSIT, UNITS = 10_001, 3_000, 2
SHIPMENTS = frozenset({Action.SHIP_PARCEL, Action.SHIP_LAST_PARCEL, Action.DELIVER_LAST_PARCEL})
RECEIPTS = frozenset({Action.CONFIRM_RECEIPT, Action.CONFIRM_RECEIPT_AUTOMATICALLY})
NOTHING_STAYS = frozenset({Action.LOSE_LAST_PARCEL, Action.RETURN_EVERYTHING})
UNPAID_ENDS = frozenset({State.RISK_REFUSED, State.PAYMENT_TIMED_OUT, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Taken:
    """An action that the table allowed."""

    action: str
    before: str
    after: str


class OrderLife(RuleBasedStateMachine):
    """The promises of every table. `machine` is the table, `due_now` what is to be paid at first."""

    machine: ClassVar[Machine]
    due_now: ClassVar[int] = PAYABLE

    def __init__(self) -> None:
        super().__init__()
        self.state: str = self.machine.initial
        self.taken: list[Taken] = []
        self.payments: list[Payment] = []
        self.refunds: dict[str, int] = {}
        self.clock = AT
        self.label_printed = False
        self.codes_revealed = 0
        self.units_given = 0

    @initialize(data=st.data(), steps=st.integers(0, 14))
    def it_is_looked_at_when_it_has_come_some_way(self, data: st.DataObject, steps: int) -> None:
        """Most random lives end young; what can still happen in later ones is worth as much."""
        for _ in range(steps):
            self.a_step_that_does_not_end_it(data)

    def a_step_that_does_not_end_it(self, data: st.DataObject) -> None:
        rows = [row for row in self.leading_on() if row.next not in self.machine.final]
        if self.machine.allows(self.state, Action.PAY, Actor.BUYER) and data.draw(st.integers(0, 3)):
            self.the_buyer_opens_an_attempt()
            self.the_buyer_pays()
        elif rows:
            row = data.draw(st.sampled_from(rows))
            self.act(row.action, data.draw(st.sampled_from(sorted(row.by))))

    # What people and the system do.

    @rule(action=st.sampled_from(Action), actor=st.sampled_from(Actor))
    def somebody_tries_something(self, action: Action, actor: Actor) -> None:
        if self.machine.allows(self.state, action, actor):
            if action not in CONFIRMED_BY.values():  # those are the provider's word, told below
                self.act(action, actor)
            return
        with pytest.raises(ActionNotAllowed) as refusal:
            self.machine.next(self.state, action, actor)
        assert (refusal.value.details["state"], refusal.value.details["action"]) == (self.state, action)

    @precondition(lambda self: any(row.current == self.state for row in self.machine.rows))
    @rule(data=st.data())
    def somebody_does_what_they_may(self, data: st.DataObject) -> None:
        rows = [row for row in self.machine.rows if row.current == self.state and row.trigger == "person"]
        if rows:
            row = data.draw(st.sampled_from(rows))
            self.act(row.action, data.draw(st.sampled_from(sorted(row.by))))

    @precondition(lambda self: any(self.leading_on()))
    @rule(data=st.data(), steps=st.integers(1, 4))
    def the_order_goes_on(self, data: st.DataObject, steps: int) -> None:
        for _ in range(steps):
            if rows := self.leading_on():
                row = data.draw(st.sampled_from(rows))
                self.act(row.action, data.draw(st.sampled_from(sorted(row.by))))

    @precondition(lambda self: self.machine.allows(self.state, Action.PAY, Actor.BUYER))
    @rule()
    def the_buyer_opens_an_attempt(self) -> None:
        instalment = awaited(self.machine, self.state)
        assert instalment is not None, "there is nothing to pay where paying is allowed"
        self.open_attempt(instalment)

    @precondition(lambda self: self.machine.allows(self.state, Action.PAY, Actor.BUYER))
    @rule()
    def the_buyer_pays(self) -> None:
        self.the_buyer_opens_an_attempt()
        self.report(len(self.payments) - 1, PaymentState.SUCCEEDED, 0)

    @precondition(lambda self: self.payments)
    @rule(data=st.data(), state=st.sampled_from(PaymentState), off_by=st.sampled_from((0, 0, 0, 1, -1)))
    def the_provider_reports(self, data: st.DataObject, state: PaymentState, off_by: int) -> None:
        """In any order, late, twice, and sometimes over a sum that nobody asked for."""
        self.report(data.draw(st.integers(0, len(self.payments) - 1)), state, off_by)

    @rule(hours=st.integers(1, 48))
    def time_passes(self, hours: int) -> None:
        self.clock += timedelta(hours=hours)

    @precondition(lambda self: self.state == State.IN_PRODUCTION)
    @rule()
    def a_label_is_printed(self) -> None:
        self.label_printed = True

    # How it is written down.

    def open_attempt(self, instalment: Instalment) -> None:
        self.payments.append(
            Payment(
                payment_id=f"pay-{len(self.payments)}",
                order_no="O-1",
                channel="card",
                provider="sandbox",
                amount=Money(instalment.amount(PAYABLE, self.due_now), "TWD"),
                state=PaymentState.OPEN,
                created_at=self.clock,
                instalment=instalment,
            )
        )

    def report(self, place: int, state: PaymentState, off_by: int) -> None:
        """The provider's word on an attempt, and what it leads to."""
        payment = self.payments[place]
        report = PaymentReport(payment_id=payment.payment_id, state=state, amount=payment.amount + Money(off_by, "TWD"))
        confirmation = CONFIRMED_BY[payment.instalment]
        wanted = self.machine.allows(self.state, confirmation, Actor.SYSTEM)
        judged = judge(payment, report, order_takes_money=wanted)
        self.payments[place] = judged
        if judged.state is payment.state:
            return
        if judged.state is PaymentState.SUCCEEDED:
            self.act(confirmation, Actor.SYSTEM)
        elif judged.is_unexpected:
            self.give_back(judged)
        elif judged.state is PaymentState.FAILED and self.machine.allows(self.state, Action.FAIL_PAYMENT, Actor.SYSTEM):
            self.act(Action.FAIL_PAYMENT, Actor.SYSTEM)

    def leading_on(self) -> list[Transition]:
        return [
            row
            for row in self.machine.rows
            if row.current == self.state and row.next != row.current and row.action not in CONFIRMED_BY.values()
        ]

    def act(self, action: str, actor: Actor) -> None:
        """What an API or a run does: the table and its guard first, and then the move."""
        guard = self.machine.guard_of(self.state, action)
        if guard is not None and guard.why_not(self.facts()):
            return
        if (action in NOTHING_STAYS) != (self.units_given == UNITS) and action in {*NOTHING_STAYS, Action.COMPLETE}:
            return  # the run counts what stays before it takes one of these
        assert not (self.label_printed and action == Action.CHANGE_RECEIVER), "a label fixes the receiver"
        reached = self.machine.next(self.state, action, actor)
        assert self.state not in self.machine.final or reached == self.state
        self.taken.append(Taken(action, self.state, reached))
        self.state = reached
        if action == Action.REVEAL_CODE:
            self.codes_revealed += 1
        if action in OPENS_A_CASE:
            self.a_case_gives_a_unit_back()
        if reached == State.REFUNDING:
            for payment in self.payments:
                if payment.state is PaymentState.SUCCEEDED:
                    self.give_back(payment, reason=action)

    def give_back(self, payment: Payment, *, reason: str | None = None) -> None:
        refund = refund_of(payment, self.clock, reason=reason)
        assert refund is not None or payment.received == Money(payment.refunded, "TWD")
        if refund is not None:
            self.note_down(refund)

    def a_case_gives_a_unit_back(self) -> None:
        for place, payment in enumerate(self.payments):
            if payment.state is PaymentState.SUCCEEDED:
                share = (payment.amount.amount - payment.refunded) // (UNITS - self.units_given)
                case_no = f"O-1-A{self.units_given + 1}"
                self.note_down(refund_for_case(case_no, payment, Money(share, "TWD"), self.clock, reason="defective"))
                self.payments[place] = replace(payment, refunded=payment.refunded + share)
        self.units_given += 1

    def note_down(self, refund: Refund) -> None:
        assert refund.refund_no not in self.refunds, "the same money goes back twice"
        self.refunds[refund.refund_no] = refund.amount.amount

    def facts(self) -> Facts:
        return Facts(
            at=self.clock,
            payment_due_at=AT + timedelta(days=30),
            label_printed=self.label_printed,
            lines_to_review=1,
            codes_revealed=self.codes_revealed,
            units_to_cancel=UNITS - self.units_given,
            units_to_claim=UNITS - self.units_given,
        )

    def did(self, *actions: str) -> int:
        """How often any of these was taken."""
        return sum(item.action in actions for item in self.taken)

    def is_before(self, first: str, *later: str) -> bool:
        """Whether `first` was taken before any of `later`; so it is where none of those was."""
        done = [item.action for item in self.taken]
        places = [done.index(action) for action in later if action in done]
        return not places or first in done[: min(places)]

    @property
    def captured(self) -> int:
        """What the order took, in minor units."""
        return sum(payment.amount.amount for payment in self.payments if payment.state is PaymentState.SUCCEEDED)

    @property
    def kept(self) -> int:
        """What was received and does not go back."""
        received = sum(payment.received.amount for payment in self.payments if payment.received is not None)
        return received - sum(self.refunds.values())

    # What holds for every type, whatever happens.

    @invariant()
    def an_instalment_is_taken_once_at_most(self) -> None:
        taken = [payment.instalment for payment in self.payments if payment.state is PaymentState.SUCCEEDED]
        assert len(set(taken)) == len(taken)
        for instalment in Instalment:
            assert self.did(CONFIRMED_BY[instalment]) == taken.count(instalment)

    @invariant()
    def nothing_is_shipped_before_it_is_split_and_paid_in_full(self) -> None:
        assert self.is_before(Action.SPLIT, *SHIPMENTS)
        if self.did(Action.SPLIT, Action.FULFIL_DIGITALLY):
            assert self.captured == PAYABLE
        assert self.did(Action.SHIP_LAST_PARCEL) <= 1

    @invariant()
    def what_is_given_up_unpaid_keeps_no_money(self) -> None:
        if self.state in UNPAID_ENDS:
            assert (self.captured, self.kept) == (0, 0)

    @invariant()
    def what_is_refunded_keeps_no_money(self) -> None:
        if self.state in (State.REFUNDING, State.REFUNDED):
            assert self.kept == 0

    @invariant()
    def what_is_completed_keeps_the_price_of_what_stays(self) -> None:
        if self.state == State.COMPLETED:
            assert self.units_given < UNITS
            assert (self.kept == PAYABLE) == (self.units_given == 0)

    @invariant()
    def it_is_completed_only_after_receipt_was_confirmed_once(self) -> None:
        assert self.did(*RECEIPTS) <= 1
        assert self.is_before(Action.CONFIRM_RECEIPT, Action.COMPLETE) or self.is_before(
            Action.CONFIRM_RECEIPT_AUTOMATICALLY, Action.COMPLETE
        )

    @invariant()
    def nobody_pays_for_what_is_under_review(self) -> None:
        assert self.state != State.UNDER_REVIEW or self.captured == 0
