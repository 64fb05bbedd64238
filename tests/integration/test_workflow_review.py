"""Reviews: an order that risk control holds waits for an operator, for its buyer, or for the deadline (R-STK-4)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError

from ordersaga.domain.messages import CANCEL, DECIDE_RISK, ActedBy, Placement, RiskDecision
from ordersaga.domain.risk import Assessment, Reason, Verdict
from ordersaga.domain.screening import Screening
from ordersaga.persistence import transitions
from ordersaga.persistence.verification import verify_order
from ordersaga.settings import Settings
from tests.integration.offers_stand import LOCKED, RETURNED, OffersStand
from tests.integration.order_runs import BUYER
from tests.integration.order_stand import OrderStand
from tests.shop import until

SUSPICIOUS = Screening(assessment=Assessment.of([Reason("big-first-order", "new_account", Verdict.REVIEW)]))
OLGA = ActedBy(role="operator", subject="olga", reason="called the buyer")
APPROVE, REJECT = RiskDecision(decision="approve", by=OLGA), RiskDecision(decision="reject", by=OLGA)
DEADLINE = timedelta(days=1, seconds=1)
MOMENT = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
"""More than any machine takes between two lines of a test: a run's clock goes on while nobody turns it."""


async def under_review(stand: OrderStand, sku: str) -> str:
    submission = await stand.submits((sku, 2), screening=SUSPICIOUS)
    assert await stand.places(submission) == Placement(placed=True)
    return submission.order_no


async def test_what_is_under_review_holds_its_units_and_cannot_be_paid(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await under_review(order_stand, sku)
    assert (await order_stand.order(order_no)).state == "under_review"
    assert await order_stand.held(sku) == (5, 2)
    assert await order_stand.timeline(order_no) == ["submit", "hold_for_review"]


async def test_after_the_approval_the_buyer_has_the_whole_time_to_pay(
    order_stand: OrderStand, settings: Settings
) -> None:
    sku = await order_stand.shelves(5)
    order_no = await under_review(order_stand, sku)
    first = (await order_stand.order(order_no)).payment_due_at
    await order_stand.passes(order_no, timedelta(hours=3))
    assert await order_stand.asks(order_no, DECIDE_RISK, APPROVE) == "awaiting_payment"
    order = await order_stand.order(order_no)
    assert order.payment_due_at - first >= timedelta(hours=3)
    await order_stand.passes(order_no, timedelta(minutes=14))
    assert (await order_stand.order(order_no)).state == "awaiting_payment"
    await order_stand.reports(await order_stand.attempt(order_no))
    await order_stand.until(order_no, "in_production")
    async with order_stand.database.transaction() as connection:
        (decided,) = [row for row in await transitions.timeline(connection, order_no) if row.action == "approve_risk"]
        assert await verify_order(connection, order_no, settings.audit.ring()) == []
    assert (decided.actor, decided.channel, decided.reason) == ("olga", "temporal_ui", "called the buyer")


async def test_an_approved_order_that_nobody_pays_times_out(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await under_review(order_stand, sku)
    await order_stand.asks(order_no, DECIDE_RISK, APPROVE)
    await order_stand.passes(order_no, timedelta(minutes=15) + MOMENT)
    assert await order_stand.ends(order_no) == "payment_timed_out"
    assert await order_stand.held(sku) == (5, 0)


async def test_a_rejected_order_gives_everything_back(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await under_review(order_stand, sku)
    assert await order_stand.asks(order_no, DECIDE_RISK, REJECT) == "risk_refused"
    assert await order_stand.ends(order_no) == "risk_refused"
    assert await order_stand.held(sku) == (5, 0)
    assert await order_stand.timeline(order_no) == ["submit", "hold_for_review", "reject_risk"]


async def test_at_the_deadline_the_order_is_refused(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await under_review(order_stand, sku)
    await order_stand.passes(order_no, DEADLINE - MINUTE)
    assert (await order_stand.order(order_no)).state == "under_review"
    await order_stand.passes(order_no, MINUTE)
    assert await order_stand.ends(order_no) == "risk_refused"
    assert await order_stand.held(sku) == (5, 0)
    assert await order_stand.timeline(order_no) == ["submit", "hold_for_review", "reach_review_deadline"]
    assert await order_stand.is_closed_to(order_no, DECIDE_RISK)


async def test_the_buyer_may_cancel_meanwhile(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await under_review(order_stand, sku)
    assert await order_stand.asks(order_no, CANCEL) == "cancelled"
    assert await order_stand.ends(order_no) == "cancelled"
    assert await order_stand.held(sku) == (5, 0)


@pytest.mark.parametrize("ending", ["risk_refused", "cancelled"])
async def test_what_a_reviewed_order_was_to_be_paid_with_comes_back(order_stand: OrderStand, ending: str) -> None:
    purse = await OffersStand.empty(order_stand).purse()
    item = (await order_stand.shelves(5), 2)
    submission = await order_stand.submits(item, buyer=purse.account, holds=purse.holds, screening=SUSPICIOUS)
    assert await order_stand.places(submission) == Placement(placed=True)
    assert await purse.position() == LOCKED
    if ending == "cancelled":
        await order_stand.asks(submission.order_no, CANCEL)
    else:
        await order_stand.asks(submission.order_no, DECIDE_RISK, REJECT)
    assert await order_stand.ends(submission.order_no) == ending
    assert await purse.position() == RETURNED


@pytest.mark.parametrize(
    "word",
    [
        RiskDecision(decision="approve", by=BUYER),
        RiskDecision(decision="approve", by=replace(OLGA, role="somebody")),
        RiskDecision(decision="perhaps", by=OLGA),
        RiskDecision(decision="approve", by=replace(OLGA, reason="")),
        RiskDecision(decision="approve", by=replace(OLGA, subject="")),
    ],
)
async def test_who_may_not_decide_or_does_not_say_why_is_refused(order_stand: OrderStand, word: RiskDecision) -> None:
    order_no = await under_review(order_stand, await order_stand.shelves(5))
    refusal = await order_stand.refusal(order_no, DECIDE_RISK, word)
    assert refusal.type == "action_not_allowed"
    assert (await order_stand.order(order_no)).state == "under_review"
    assert await order_stand.asks(order_no, DECIDE_RISK, REJECT) == "risk_refused"


async def test_of_two_decisions_at_once_one_holds(order_stand: OrderStand) -> None:
    order_no = await under_review(order_stand, await order_stand.shelves(5))
    answers = await asyncio.gather(*(decided(order_stand, order_no, word) for word in (APPROVE, APPROVE)))
    assert sorted(answers) == ["action_not_allowed", "awaiting_payment"]
    assert (await order_stand.refusal(order_no, DECIDE_RISK, REJECT)).type == "action_not_allowed"
    assert (await order_stand.order(order_no)).state == "awaiting_payment"


async def test_a_decision_that_meets_a_cancel_on_its_way_is_refused(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await under_review(order_stand, sku)
    order_stand.away(order_no, "move_order", 5)
    cancelling = asyncio.create_task(order_stand.asks(order_no, CANCEL))
    await until(lambda: _tries(order_stand, order_no), lambda tries: "regular" in tries)
    assert await decided(order_stand, order_no, APPROVE) == "action_not_allowed"
    assert await cancelling == "cancelled"
    assert await order_stand.ends(order_no) == "cancelled"
    assert await order_stand.held(sku) == (5, 0)


async def test_a_decision_whose_record_was_lost_on_its_way_is_recorded_once(order_stand: OrderStand) -> None:
    order_no = await under_review(order_stand, await order_stand.shelves(5))
    order_stand.mute(order_no, "move_order", 2)
    assert await order_stand.asks(order_no, DECIDE_RISK, APPROVE) == "awaiting_payment"
    assert await order_stand.timeline(order_no) == ["submit", "hold_for_review", "approve_risk"]


async def decided(stand: OrderStand, order_no: str, word: RiskDecision) -> str:
    """The state that a decision is answered with, or the code of its refusal."""
    try:
        return await stand.asks(order_no, DECIDE_RISK, word)
    except WorkflowUpdateFailedError as error:
        return str(getattr(error.cause, "type", error.cause))


async def _tries(stand: OrderStand, order_no: str) -> list[str]:
    return stand.tried(order_no, "move_order")
