"""What a provider's report means: money that was taken is never ignored, and counts once (P1, P3, P6)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ordersaga.domain.money import Money
from ordersaga.domain.payment import Payment, PaymentReport, PaymentState, judge
from tests.goods import twd

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
OPEN = Payment(
    payment_id="pay_1",
    order_no="O1",
    channel="card",
    provider="sandbox",
    amount=twd(100),
    state=PaymentState.OPEN,
    created_at=NOON,
)
PAID = PaymentReport(
    payment_id="pay_1", state=PaymentState.SUCCEEDED, amount=twd(100), transaction_id="t-1", paid_at=NOON
)
FAILED = PaymentReport(payment_id="pay_1", state=PaymentState.FAILED, amount=twd(100), failure="card_declined")
CLOSED = PaymentReport(payment_id="pay_1", state=PaymentState.CLOSED, amount=twd(100))


def after(*reports: PaymentReport, order_takes_money: bool = True) -> Payment:
    payment = OPEN
    for report in reports:
        payment = judge(payment, report, order_takes_money=order_takes_money)
    return payment


def test_a_success_is_kept_with_its_transaction_number_time_and_amount() -> None:
    payment = after(PAID)
    assert (payment.state, payment.provider_transaction_id, payment.paid_at) == (PaymentState.SUCCEEDED, "t-1", NOON)
    assert payment.received == twd(100)


def test_a_success_twice_is_one_payment() -> None:
    again = replace(PAID, transaction_id="t-2")
    assert after(PAID, again) == after(PAID)


@pytest.mark.parametrize("late", [FAILED, CLOSED])
def test_neither_a_failure_nor_a_closing_takes_a_success_back(late: PaymentReport) -> None:
    assert after(PAID, late) == after(PAID)


@pytest.mark.parametrize("before", [FAILED, CLOSED])
def test_a_success_counts_whatever_was_reported_before_it(before: PaymentReport) -> None:
    payment = after(before, PAID)
    assert payment.state is PaymentState.SUCCEEDED
    assert payment.failure is None


def test_a_failure_keeps_its_reason_and_the_first_word_stands() -> None:
    assert (after(FAILED).state, after(FAILED).failure) == (PaymentState.FAILED, "card_declined")
    assert after(FAILED, CLOSED) == after(FAILED)
    assert after(CLOSED, FAILED) == after(CLOSED)


def test_money_that_no_order_waits_for_is_unexpected() -> None:
    payment = after(PAID, order_takes_money=False)
    assert (payment.state, payment.failure, payment.received) == (PaymentState.UNEXPECTED, "not_awaited", twd(100))


@pytest.mark.parametrize("received", [twd(99), twd(101), Money(100, "USD")])
@pytest.mark.parametrize("takes_money", [True, False])
def test_a_wrong_amount_or_currency_is_unexpected_and_what_was_taken_is_kept(
    received: Money, takes_money: bool
) -> None:
    payment = after(replace(PAID, amount=received), order_takes_money=takes_money)
    assert (payment.state, payment.failure) == (PaymentState.UNEXPECTED, "amount_mismatch")
    assert (payment.received, payment.amount) == (received, twd(100))


@pytest.mark.parametrize("late", [PAID, FAILED, CLOSED])
def test_unexpected_money_stays_unexpected(late: PaymentReport) -> None:
    unexpected = after(PAID, order_takes_money=False)
    assert judge(unexpected, late, order_takes_money=True) == unexpected


def test_a_provider_that_still_waits_changes_nothing() -> None:
    waiting = PaymentReport(payment_id="pay_1", state=PaymentState.OPEN, amount=twd(100))
    assert after(waiting) is OPEN


@pytest.mark.parametrize("report", [PAID, FAILED, CLOSED])
def test_a_report_reads_back_from_its_document_as_it_was(report: PaymentReport) -> None:
    assert PaymentReport.from_document(report.to_document()) == report
