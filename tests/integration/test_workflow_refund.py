"""Money that its order did not take goes back once, whatever fails on the way (R-PAY-3, P1, P6, M8, W1, W2)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from temporalio.client import WorkflowExecutionStatus

from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.messages import RETRY_REFUND, SETTLE_REFUND, ActedBy, refund_workflow_id
from ordersaga.domain.money import Money
from ordersaga.domain.payment import PaymentState
from ordersaga.domain.refund import Refund
from ordersaga.gateways.payment.provider import ProviderUnavailable
from ordersaga.persistence import refunds
from tests.goods import twd
from tests.integration.order_runs import PATIENCE
from tests.integration.order_stand import OrderStand
from tests.integration.refund_stand import RefundStand
from tests.shop import until

SENT, SUCCEEDED, FAILED, SETTLED = RefundState.SENT, RefundState.SUCCEEDED, RefundState.FAILED, RefundState.SETTLED


@pytest.fixture(scope="module")
def stand(order_stand: OrderStand) -> RefundStand:
    return RefundStand(order_stand)


async def test_what_was_received_goes_back_with_every_step_in_the_audit(stand: RefundStand) -> None:
    payment = await stand.unexpected(received=Money(1_234, "JPY"))
    async with stand.delivering():
        refund = await stand.until(payment, SENT)
    assert (refund.amount, refund.reason, refund.source_document) == (
        Money(1_234, "JPY"),
        "amount_mismatch",
        f"payment/{payment.payment_id}",
    )
    assert (await stand.orders.payment(payment.payment_id)).refunded == 1_234
    assert await stand.told(payment) == []
    await stand.reports(refund, SUCCEEDED, provider_refund_id="back-1")
    assert await stand.ends(payment) == "succeeded"
    assert await stand.actions(payment) == ["request_refund", "send_refund", "complete_refund"]
    assert await stand.told(payment) == ["refunded"]
    (order,) = stand.provider.refunds[payment.payment_id].values()
    assert order.amount == Money(1_234, "JPY")


async def test_two_loops_that_deliver_at_once_refund_once(stand: RefundStand) -> None:
    payments = [await stand.unexpected() for _ in range(3)]
    async with stand.delivering(loops=3):
        await asyncio.gather(
            *(stand.begins(payment) for payment in payments), *(stand.until(p, SENT) for p in payments)
        )
    for payment in payments:
        await stand.begins(payment)
        assert len(stand.provider.refunds[payment.payment_id]) == 1
        assert await stand.actions(payment) == ["request_refund", "send_refund"]


async def test_a_refund_that_is_done_does_not_begin_again(stand: RefundStand) -> None:
    payment = await stand.refunding(SUCCEEDED)
    assert await stand.ends(payment) == "succeeded"
    await stand.begins(payment)
    assert (await stand.run(payment).describe()).status is WorkflowExecutionStatus.COMPLETED
    assert await stand.actions(payment) == ["request_refund", "complete_refund"]


@pytest.mark.parametrize("lost", ["before", "answers"])
async def test_a_refund_is_one_however_often_its_steps_fail(stand: RefundStand, lost: str) -> None:
    """The database is away, or has done the step and its answer is lost."""
    payment = await stand.unexpected()
    run = refund_workflow_id(payment.payment_id)
    for step in ("request_refund", "send_refund", "settle_refund_reports", "decide_refund"):
        getattr(stand.orders.outages, lost)[run, step] = 1
    await stand.begins(payment)
    refund = await stand.until(payment, SENT)
    await stand.reports(refund, FAILED, failure="account_closed")
    await stand.until(payment, FAILED)
    assert await stand.decides(payment, RETRY_REFUND) == "requested"
    refund = await stand.until(payment, SENT, tries=2)
    await stand.reports(refund, SUCCEEDED)
    assert await stand.ends(payment) == "succeeded"
    assert await stand.actions(payment) == [
        *("request_refund", "send_refund", "fail_refund", "retry_refund", "send_refund", "complete_refund")
    ]
    assert list(stand.provider.refunds[payment.payment_id]) == [f"{refund.refund_no}.1", f"{refund.refund_no}.2"]
    assert (await stand.orders.payment(payment.payment_id)).refunded == 1


async def test_a_provider_that_is_away_is_tried_until_it_answers(stand: RefundStand) -> None:
    away = ProviderUnavailable("no answer, though the order was taken")
    payment = await stand.refunding(away, SUCCEEDED)
    assert await stand.ends(payment) == "succeeded"
    assert len(stand.provider.refunds[payment.payment_id]) == 1


async def test_late_repeated_and_contradicting_reports_change_nothing_any_more(stand: RefundStand) -> None:
    payment = await stand.refunding()
    refund = await stand.until(payment, SENT)
    for state in (SENT, SUCCEEDED, SUCCEEDED, FAILED):
        await stand.hears(refund, state)
    async with stand.delivering():
        assert await stand.ends(payment) == "succeeded"
        await stand.hears(refund, FAILED)
        await stand.hears(refund, SUCCEEDED)
    assert await stand.actions(payment) == ["request_refund", "send_refund", "complete_refund"]


async def test_a_callback_for_a_run_that_is_gone_is_applied_without_it(stand: RefundStand) -> None:
    payment = await stand.refunding()
    refund = await stand.until(payment, SENT)
    await stand.run(payment).terminate()
    await stand.hears(refund, SUCCEEDED)
    async with stand.delivering():
        await stand.until(payment, SUCCEEDED)


async def test_a_provider_that_is_silent_is_asked(stand: RefundStand) -> None:
    payment = await stand.refunding()
    refund = await stand.until(payment, SENT)
    stand.provider.ends[refund.reference] = ProviderUnavailable("silent")
    await stand.passes(payment, timedelta(seconds=121))
    await until(lambda: _asked(stand, refund), lambda times: times == 1, PATIENCE)
    stand.provider.ends[refund.reference] = SUCCEEDED
    await stand.passes(payment, timedelta(seconds=241))
    assert await stand.ends(payment) == "succeeded"
    assert stand.provider.asked[refund.reference] == 2


async def _asked(stand: RefundStand, refund: Refund) -> int:
    return int(stand.provider.asked[refund.reference])


async def test_a_refused_refund_waits_for_an_operator_who_sends_it_again(stand: RefundStand) -> None:
    payment = await stand.refunding(FAILED)
    failed = await stand.until(payment, FAILED)
    assert failed.failure == "account_closed"
    assert await stand.decides(payment, RETRY_REFUND) == "requested"
    again = await stand.until(payment, SENT, tries=2)
    assert again.failure is None
    await stand.reports(failed, FAILED)
    await stand.reports(again, SUCCEEDED)
    assert await stand.ends(payment) == "succeeded"
    decided = next(row for row in await stand.audit(payment) if row.action == "retry_refund")
    assert (decided.actor_role, decided.actor, decided.channel) == ("operator", "olga", "temporal_ui")
    assert decided.reason == "asked by phone"


async def test_an_operator_settles_a_refund_that_was_paid_back_by_hand(stand: RefundStand) -> None:
    payment = await stand.refunding(FAILED)
    await stand.until(payment, FAILED)
    twice = (stand.decides(payment, SETTLE_REFUND) for _ in range(2))
    assert "settled" in await asyncio.gather(*twice, return_exceptions=True), "the second may find the run ended"
    assert await stand.ends(payment) == "settled"
    assert (await stand.actions(payment)).count("settle_refund") == 1


async def test_only_operators_decide_and_they_say_why(stand: RefundStand) -> None:
    payment = await stand.refunding()
    refund = await stand.until(payment, SENT)
    assert await stand.refusal(payment, RETRY_REFUND) == "action_not_allowed"
    await stand.reports(refund, FAILED)
    await stand.until(payment, FAILED)
    for by in (
        ActedBy(role="buyer", subject="alice", reason="mine"),
        ActedBy(role="system", subject="workflow", reason="mine"),
        ActedBy(role="operator", subject="olga"),
        ActedBy(role="operator", subject="", reason="nobody"),
    ):
        assert await stand.refusal(payment, SETTLE_REFUND, by) == "action_not_allowed"
    assert await stand.actions(payment) == ["request_refund", "send_refund", "fail_refund"]


async def test_money_that_came_back_after_all_ends_a_failed_refund(stand: RefundStand) -> None:
    payment = await stand.refunding(FAILED)
    refund = await stand.until(payment, FAILED)
    await stand.reports(refund, SUCCEEDED)
    assert await stand.ends(payment) == "succeeded"


async def test_a_success_over_another_sum_is_an_operators_business(stand: RefundStand) -> None:
    payment = await stand.refunding()
    refund = await stand.until(payment, SENT)
    await stand.reports(refund, SUCCEEDED, amount=twd(2))
    assert (await stand.until(payment, FAILED)).failure == "amount_mismatch"


async def test_a_refund_cannot_be_cancelled_and_goes_on_after_a_termination(stand: RefundStand) -> None:
    payment = await stand.refunding()
    refund = await stand.until(payment, SENT)
    await stand.run(payment).cancel()
    await stand.reports(refund, FAILED)
    await stand.until(payment, FAILED)
    await stand.run(payment).terminate()
    await stand.begins(payment)
    assert await stand.decides(payment, RETRY_REFUND) == "requested"
    await stand.reports(await stand.until(payment, SENT, tries=2), SUCCEEDED)
    assert await stand.ends(payment) == "succeeded"


async def test_a_refund_of_money_that_the_order_takes_is_refused(stand: RefundStand) -> None:
    order_no = await stand.orders.placed((await stand.orders.shelves(), 1))
    payment = await stand.orders.attempt(order_no)
    await stand.orders.reports(payment)
    await stand.orders.until(order_no, "in_production")
    await stand.begins(await stand.orders.payment(payment.payment_id))
    await until(
        lambda: stand.run(payment).describe(), lambda run: run.status is WorkflowExecutionStatus.FAILED, PATIENCE
    )
    assert await stand.refund(payment) is None


async def test_the_database_refuses_to_give_back_more_than_was_received(stand: RefundStand) -> None:
    payment = await stand.refunding(received=twd(500))
    refund = await stand.until(payment, SENT)
    another = replace(refund, refund_no="rf_more", source_document="case/1", amount=twd(1))
    with pytest.raises(IntegrityError, match="refunded_within_received"):
        async with stand.orders.database.transaction() as connection:
            await refunds.add(connection, another)
    assert (await stand.orders.payment(payment.payment_id)).refunded == 500


async def test_money_for_an_order_whose_run_was_terminated_goes_back(stand: RefundStand) -> None:
    """Paid without a run, nothing would ever be sent."""
    order_no = await stand.orders.placed((await stand.orders.shelves(), 1))
    payment = await stand.orders.attempt(order_no)
    await stand.orders.run(order_no).terminate()
    await stand.orders.hears(payment, PaymentState.SUCCEEDED)
    async with stand.delivering():
        refund = await stand.until(payment, SENT)
    assert (refund.amount, refund.reason) == (payment.amount, "not_awaited")
    assert (await stand.orders.order(order_no)).state == "awaiting_payment"
