"""Paying: deadlines, cancels and providers that race, on production's clock (R-PAY-2 … R-PAY-4, R-REV-2, P1 … P6)."""

from datetime import UTC, datetime, timedelta

import pytest

from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.messages import CANCEL, CONFIRM_RECEIPT, PAYMENT_REPORTED, ActedBy
from ordersaga.domain.payment import PaymentState
from ordersaga.gateways.payment.provider import PaymentUnknown, ProviderUnavailable
from ordersaga.persistence import stock, transitions
from tests.goods import twd
from tests.integration.order_runs import PATIENCE, went_on_patiently
from tests.integration.order_stand import OrderStand
from tests.shop import until

DEADLINE = timedelta(minutes=15)
MOMENT = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
"""More than any machine takes between two lines of a test: a run's clock goes on while nobody turns it."""


async def test_fifteen_minutes_without_money_give_everything_back(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await order_stand.placed((sku, 2))
    await order_stand.passes(order_no, DEADLINE - MINUTE)
    assert (await order_stand.order(order_no)).state == "awaiting_payment"
    assert await order_stand.held(sku) == (5, 2)
    await order_stand.passes(order_no, MINUTE)
    assert await order_stand.ends(order_no) == "payment_timed_out"
    order = await order_stand.order(order_no)
    assert (order.state, order.payment_due_at - order.placed_at) == ("payment_timed_out", DEADLINE)
    assert order.updated_at >= order.payment_due_at, "the database has the run's own time"
    assert await order_stand.held(sku) == (5, 0)
    assert await order_stand.timeline(order_no) == ["submit", "reach_payment_deadline", "time_out"]


async def test_money_in_time_is_taken_and_the_order_is_split(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await order_stand.placed((sku, 2))
    payment = await order_stand.attempt(order_no)
    await order_stand.reports(payment)
    await order_stand.until(order_no, "in_production")
    assert (await order_stand.payment(payment.payment_id)).state is PaymentState.SUCCEEDED
    assert await order_stand.timeline(order_no) == ["submit", "confirm_payment", "split"]
    assert await order_stand.held(sku) == (5, 2)


async def test_a_failed_attempt_can_be_followed_by_one_in_another_channel(order_stand: OrderStand) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    await order_stand.reports(await order_stand.attempt(order_no), PaymentState.FAILED)
    await order_stand.until(order_no, "payment_failed")
    await order_stand.reports(await order_stand.attempt(order_no, "wallet"))
    await order_stand.until(order_no, "in_production")
    assert await order_stand.timeline(order_no) == ["submit", "fail_payment", "confirm_payment", "split"]


async def test_after_a_failed_attempt_the_deadline_is_the_same(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await order_stand.placed((sku, 2))
    await order_stand.reports(await order_stand.attempt(order_no), PaymentState.FAILED)
    await order_stand.until(order_no, "payment_failed")
    await order_stand.passes(order_no, DEADLINE)
    assert await order_stand.ends(order_no) == "payment_timed_out"
    assert await order_stand.held(sku) == (5, 0)


async def test_signals_without_a_report_repeated_and_early_change_nothing(order_stand: OrderStand) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    for _ in range(3):
        await order_stand.run(order_no).signal(PAYMENT_REPORTED)
    payment = await order_stand.attempt(order_no)
    for _ in range(3):
        await order_stand.reports(payment, event_id=f"same-event-{order_no}")
    await order_stand.until(order_no, "in_production")
    assert await order_stand.timeline(order_no) == ["submit", "confirm_payment", "split"]


async def test_a_wrong_amount_pays_nothing_and_the_order_still_waits(order_stand: OrderStand) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    short, right = await order_stand.attempt(order_no), await order_stand.attempt(order_no)
    await order_stand.reports(short, amount=twd(1))
    await order_stand.reports(right)
    await order_stand.until(order_no, "in_production")
    kept = await order_stand.payment(short.payment_id)
    assert (kept.state, kept.failure, kept.received) == (PaymentState.UNEXPECTED, "amount_mismatch", twd(1))
    assert (await order_stand.payment(right.payment_id)).state is PaymentState.SUCCEEDED


async def test_other_attempts_are_closed_once_one_has_paid(order_stand: OrderStand) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    other, paying = await order_stand.attempt(order_no), await order_stand.attempt(order_no, "wallet")
    await order_stand.reports(paying)
    await order_stand.becomes(other, PaymentState.CLOSED)
    assert order_stand.provider.closed[other.payment_id] == 1


async def test_a_second_payment_is_unexpected_and_the_first_stands(order_stand: OrderStand) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    first, second = await order_stand.attempt(order_no), await order_stand.attempt(order_no, "wallet")
    order_stand.provider.answers[second.payment_id] = PaymentState.SUCCEEDED
    await order_stand.reports(first)
    await order_stand.becomes(second, PaymentState.UNEXPECTED)
    assert (await order_stand.payment(first.payment_id)).state is PaymentState.SUCCEEDED


async def test_a_cancel_gives_everything_back_and_closes_what_is_open(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await order_stand.placed((sku, 2))
    payment = await order_stand.attempt(order_no)
    assert await order_stand.asks(order_no, CANCEL) == "cancelled"
    assert await order_stand.ends(order_no) == "cancelled"
    assert await order_stand.held(sku) == (5, 0)
    assert (await order_stand.payment(payment.payment_id)).state is PaymentState.CLOSED
    assert await order_stand.timeline(order_no) == ["submit", "cancel", "confirm_cancellation"]


async def test_two_cancels_at_once_are_one(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await order_stand.placed((sku, 2))
    order_stand.away(order_no, "move_order", 1)
    answers = await order_stand.ask_twice(order_no, CANCEL)
    assert "cancelled" in answers
    assert answers <= {"cancelled", "action_not_allowed", "not_found"}
    assert await order_stand.timeline(order_no) == ["submit", "cancel", "confirm_cancellation"]
    assert await order_stand.held(sku) == (5, 0)


async def test_a_cancel_loses_against_money_that_has_arrived_unheard(order_stand: OrderStand) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    await order_stand.hears(await order_stand.attempt(order_no), PaymentState.SUCCEEDED)
    refusal = await order_stand.refusal(order_no, CANCEL)
    assert refusal.type == "action_not_allowed"
    await order_stand.until(order_no, "in_production")


async def test_a_cancel_loses_against_money_that_the_provider_has(order_stand: OrderStand) -> None:
    """If it says paid, it is paid (P2)."""
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    payment = await order_stand.attempt(order_no)
    order_stand.provider.answers[payment.payment_id] = PaymentState.SUCCEEDED
    assert (await order_stand.refusal(order_no, CANCEL)).type == "action_not_allowed"
    await order_stand.until(order_no, "in_production")


async def test_a_deadline_loses_against_money_that_the_provider_has(order_stand: OrderStand) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    payment = await order_stand.attempt(order_no)
    order_stand.provider.answers[payment.payment_id] = PaymentState.SUCCEEDED
    await order_stand.passes(order_no, DEADLINE + MOMENT)
    await order_stand.until(order_no, "in_production")


async def test_an_attempt_that_the_provider_never_saw_is_closed(order_stand: OrderStand) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    payment = await order_stand.attempt(order_no)
    order_stand.provider.answers[payment.payment_id] = PaymentUnknown(payment.payment_id)
    assert await order_stand.asks(order_no, CANCEL) == "cancelled"
    assert (await order_stand.payment(payment.payment_id)).state is PaymentState.CLOSED


async def test_a_silent_provider_holds_an_order_up_for_five_minutes_and_no_longer(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await order_stand.placed((sku, 2))
    payment = await order_stand.attempt(order_no)
    order_stand.provider.answers[payment.payment_id] = ProviderUnavailable("silent")
    await order_stand.passes(order_no, DEADLINE + MOMENT)
    await order_stand.until(order_no, "closing_payment")
    await order_stand.passes(order_no, timedelta(minutes=6))
    assert await order_stand.ends(order_no) == "payment_timed_out"
    assert await order_stand.held(sku) == (5, 0)
    assert (await order_stand.payment(payment.payment_id)).state is PaymentState.OPEN


async def test_an_order_of_nothing_needs_no_payment(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5, 0, shipping_fee=twd(0))
    order_no = await order_stand.placed((sku, 2))
    await order_stand.until(order_no, "in_production")
    assert await order_stand.timeline(order_no) == ["submit", "confirm_payment", "split"]


@pytest.mark.parametrize("step", ["settle_payments", "split_order"])
async def test_an_order_goes_on_when_the_database_was_away(order_stand: OrderStand, step: str) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    payment = await order_stand.attempt(order_no)
    order_stand.away(order_no, step, 5)
    await order_stand.reports(payment)
    await order_stand.until(order_no, "in_production")
    assert went_on_patiently(order_stand.tried(order_no, step)[:6], 6)


@pytest.mark.parametrize("step", ["settle_payments", "split_order"])
async def test_a_step_whose_answer_was_lost_is_done_once(order_stand: OrderStand, step: str) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    payment = await order_stand.attempt(order_no)
    order_stand.mute(order_no, step, 5)
    await order_stand.reports(payment)
    await until(lambda: _tries(order_stand, order_no, step), lambda tries: tries > 5, PATIENCE)
    parcel_nos = await order_stand.split_parcels(order_no)
    assert parcel_nos == [f"{order_no}-1"]
    await order_stand.until(order_no, "in_production")
    assert await order_stand.timeline(order_no) == ["submit", "confirm_payment", "split"]


async def _tries(stand: OrderStand, order_no: str, step: str) -> int:
    return len(stand.tried(order_no, step))


@pytest.mark.parametrize("role", ["merchant", "warehouse", "system"])
async def test_a_cancel_by_anybody_else_is_refused(order_stand: OrderStand, role: str) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    refusal = await order_stand.refusal(order_no, CANCEL, ActedBy(role=role, subject="x"))
    assert refusal.type == "action_not_allowed"
    assert refusal.non_retryable
    assert (await order_stand.order(order_no)).state == "awaiting_payment"


async def test_what_the_state_does_not_allow_is_refused_naming_both(order_stand: OrderStand) -> None:
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    refusal = await order_stand.refusal(order_no, CONFIRM_RECEIPT)
    assert (refusal.type, refusal.details) == (
        "action_not_allowed",
        ({"state": "awaiting_payment", "action": "confirm_receipt"},),
    )
    paid = await order_stand.paid((await order_stand.shelves(), 1))
    refusal = await order_stand.refusal(paid, CANCEL)
    assert refusal.details == ({"state": "in_production", "action": "cancel"},)


async def test_money_is_not_taken_for_goods_that_were_given_back(order_stand: OrderStand) -> None:
    """As when a worker dies between the release at the end of a closing and the order's next state."""
    sku = await order_stand.shelves(5)
    order_no = await order_stand.placed((sku, 2))
    payment = await order_stand.attempt(order_no)
    async with order_stand.database.transaction() as connection:
        await stock.release(connection, order_no, datetime.now(UTC))
    await order_stand.reports(payment)
    await order_stand.becomes(payment, PaymentState.UNEXPECTED)
    assert (await order_stand.order(order_no)).state == "awaiting_payment"
    assert await order_stand.held(sku) == (5, 0)


@pytest.mark.parametrize("then", ["pays", "cancels"])
async def test_what_a_lost_task_decided_stands_and_the_run_goes_on_from_there(
    order_stand: OrderStand, then: str
) -> None:
    """Found by chaos: a worker dies after the deadline's step, and next time the buyer comes first."""
    sku = await order_stand.shelves(5)
    order_no = await order_stand.placed((sku, 2))
    payment = await order_stand.attempt(order_no)
    async with order_stand.database.transaction() as connection:
        await transitions.move(
            connection,
            order_no,
            action=Action.REACH_PAYMENT_DEADLINE,
            from_state="awaiting_payment",
            to_state="closing_payment",
            at=datetime.now(UTC),
            by=ActedBy(role="system", subject="workflow"),
            step=1,
        )
    if then == "pays":
        await order_stand.reports(payment)
        await order_stand.until(order_no, "in_production")
        ending = ["confirm_payment", "split"]
    else:
        assert await order_stand.asks(order_no, CANCEL) == "cancelled"
        ending = ["confirm_cancellation"]
    told = await order_stand.timeline(order_no)
    assert [action for action in told if action != "close_attempt"] == ["submit", "reach_payment_deadline", *ending]
    assert await order_stand.held(sku) == (5, 2 if then == "pays" else 0)
