"""Random reports on an order's attempts: money that was taken is accounted for, and one attempt pays (P1, P3, P6)."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ordersaga.domain.payment import Payment, PaymentReport, PaymentState, judge
from tests.goods import twd

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
IDS = ("pay_1", "pay_2", "pay_3")
REPORTS = st.lists(
    st.builds(
        PaymentReport,
        payment_id=st.sampled_from(IDS),
        state=st.sampled_from([PaymentState.SUCCEEDED, PaymentState.FAILED, PaymentState.CLOSED]),
        amount=st.sampled_from([twd(100), twd(100), twd(99)]),
    ),
    max_size=15,
)


def attempt(payment_id: str) -> Payment:
    return Payment(
        payment_id=payment_id,
        order_no="O1",
        channel="card",
        provider="sandbox",
        amount=twd(100),
        state=PaymentState.OPEN,
        created_at=NOON,
    )


def settled(reports: list[PaymentReport]) -> dict[str, Payment]:
    """Every attempt after these reports; the order takes money until it is paid."""
    attempts = {payment_id: attempt(payment_id) for payment_id in IDS}
    for report in reports:
        paid = any(payment.state is PaymentState.SUCCEEDED for payment in attempts.values())
        attempts[report.payment_id] = judge(attempts[report.payment_id], report, order_takes_money=not paid)
    return attempts


@given(REPORTS)
def test_one_attempt_pays_at_most_and_with_the_right_amount(reports: list[PaymentReport]) -> None:
    paid = [payment for payment in settled(reports).values() if payment.state is PaymentState.SUCCEEDED]
    assert len(paid) <= 1
    assert all(payment.received == payment.amount for payment in paid)


@given(REPORTS)
def test_money_that_a_provider_took_is_in_the_books(reports: list[PaymentReport]) -> None:
    took_money = {report.payment_id for report in reports if report.state is PaymentState.SUCCEEDED}
    booked = {payment.payment_id for payment in settled(reports).values() if payment.received is not None}
    assert booked == took_money


@given(REPORTS)
def test_every_report_twice_is_as_good_as_once(reports: list[PaymentReport]) -> None:
    twice = [report for report in reports for _ in range(2)]
    assert settled(twice) == settled(reports)
