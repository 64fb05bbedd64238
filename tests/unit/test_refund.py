"""What a report or a decision means for a refund, case by case (R-PAY-3, P1, P6)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.inquiry import PACES, Pace
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Payment, PaymentState
from ordersaga.domain.refund import Refund, RefundReport, decide, judge, number_of, refund_no_of, refund_of

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
PAYMENT = Payment(
    payment_id="pay_1",
    order_no="O1",
    channel="card",
    provider="sandbox",
    amount=Money(10_000, "TWD"),
    state=PaymentState.UNEXPECTED,
    created_at=NOW,
    received=Money(1_234, "JPY"),
    failure="amount_mismatch",
)


def refund(state: RefundState = RefundState.REQUESTED, **changes: object) -> Refund:
    found = refund_of(PAYMENT, NOW)
    assert found is not None
    return replace(found, state=state, **changes)  # type: ignore[arg-type]


def report(state: RefundState, of: Refund, **changes: object) -> RefundReport:
    said = RefundReport(reference=of.reference, payment_id=of.payment_id, state=state, amount=of.amount)
    return replace(said, **changes)  # type: ignore[arg-type]


def test_what_was_received_goes_back_and_not_what_was_asked() -> None:
    found = refund()
    assert (found.amount, found.reason, found.state) == (Money(1_234, "JPY"), "amount_mismatch", RefundState.REQUESTED)
    assert found.source_document == "payment/pay_1"


@pytest.mark.parametrize("state", [state for state in PaymentState if state is not PaymentState.UNEXPECTED])
def test_money_that_the_order_takes_or_nobody_has_is_not_refunded(state: PaymentState) -> None:
    assert refund_of(replace(PAYMENT, state=state), NOW) is None


@pytest.mark.parametrize("received", [None, Money(0, "TWD")])
def test_nothing_received_is_nothing_to_refund(received: Money | None) -> None:
    assert refund_of(replace(PAYMENT, received=received), NOW) is None


def test_a_source_always_has_the_same_number_and_another_one_another() -> None:
    assert number_of("payment/pay_1") == number_of("payment/pay_1") != number_of("payment/pay_2")


def test_a_reference_names_its_refund_and_the_try() -> None:
    again = refund(tries=3)
    assert again.reference == f"{again.refund_no}.3"
    assert refund_no_of(again.reference) == again.refund_no


def test_reports_survive_being_stored() -> None:
    said = report(RefundState.FAILED, refund(), failure="account_closed", provider_refund_id="r1")
    assert RefundReport.from_document(said.to_document()) == said


def test_a_failure_of_an_earlier_try_does_not_stop_the_next() -> None:
    again = refund(RefundState.SENT, tries=2)
    assert judge(again, report(RefundState.FAILED, refund(tries=1)), LATER) is None
    assert judge(again, report(RefundState.SENT, refund(tries=1)), LATER) is None


def test_a_success_of_an_earlier_try_counts() -> None:
    judged = judge(refund(RefundState.FAILED, tries=2), report(RefundState.SUCCEEDED, refund(tries=1)), LATER)
    assert judged is not None
    assert (judged[0], judged[1].state, judged[1].updated_at) == (Action.COMPLETE_REFUND, RefundState.SUCCEEDED, LATER)


def test_a_success_over_another_sum_is_a_failure_for_people() -> None:
    sent = refund(RefundState.SENT)
    judged = judge(sent, report(RefundState.SUCCEEDED, sent, amount=Money(1_233, "JPY")), LATER)
    assert judged is not None
    assert (judged[1].state, judged[1].failure) == (RefundState.FAILED, "amount_mismatch")


def test_trying_again_counts_and_forgets_the_failure() -> None:
    again = decide(refund(RefundState.FAILED, failure="account_closed"), Action.RETRY_REFUND, LATER)
    assert (again.state, again.tries, again.failure) == (RefundState.REQUESTED, 2, None)


def test_settling_by_hand_keeps_why_it_was_needed() -> None:
    settled = decide(refund(RefundState.FAILED, failure="account_closed"), Action.SETTLE_REFUND, LATER)
    assert (settled.state, settled.tries, settled.failure) == (RefundState.SETTLED, 1, "account_closed")


@pytest.mark.parametrize("state", [state for state in RefundState if state is not RefundState.FAILED])
@pytest.mark.parametrize("action", [Action.RETRY_REFUND, Action.SETTLE_REFUND])
def test_only_a_failed_refund_can_be_decided(state: RefundState, action: Action) -> None:
    with pytest.raises(ActionNotAllowed):
        decide(refund(state), action, LATER)


def test_pauses_double_up_to_the_longest() -> None:
    pace = Pace(first_seconds=2, longest_seconds=9, give_up_seconds=9)
    assert [pace.pause_after(count).total_seconds() for count in (0, 1, 2, 3, 10_000)] == [2, 4, 8, 9, 9]


@pytest.mark.parametrize("wrong", [(0, 1, 1), (2, 1, 3), (1, 3, 2)])
def test_a_pace_that_is_none_is_refused(wrong: tuple[float, float, float]) -> None:
    first, longest, give_up = wrong
    with pytest.raises(ValueError, match="pause"):
        Pace(first_seconds=first, longest_seconds=longest, give_up_seconds=give_up)


def test_the_demo_asks_within_the_payment_deadline_and_production_for_days() -> None:
    assert PACES["demo"].first_seconds < 20
    assert PACES["production"].give_up_seconds >= 2 * 86_400
