"""Placing: an order, or nothing at all, however the network behaves (R-SUB-2, R-SUB-5, W1, W2)."""

import asyncio

from temporalio.api.enums.v1 import EventType

from ordersaga.domain.messages import CANCEL, Placement
from ordersaga.persistence import stock, submissions
from tests.integration.order_runs import PATIENCE, went_on_patiently
from tests.integration.order_stand import OPERATOR, OrderStand
from tests.shop import until

AGAIN_AND_AGAIN = 100


async def decided(stand: OrderStand, order_no: str) -> Placement | None:
    """What the database says of a submission."""
    async with stand.database.transaction() as connection:
        submission = await submissions.get(connection, order_no)
    assert submission is not None
    return submission.placement


async def test_a_plain_order_takes_two_steps(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    order_no = await order_stand.placed((sku, 2))
    steps = {step: tried for (run, step), tried in order_stand.outages.tried.items() if run == f"order/{order_no}"}
    assert steps == {"reserve_stock": ["local"], "record_order": ["local"]}
    assert await order_stand.held(sku) == (5, 2)
    assert (await order_stand.order(order_no)).state == "awaiting_payment"


async def test_sent_again_the_same_submission_is_answered_by_the_same_run(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    submission = await order_stand.submits((sku, 2))
    assert await order_stand.places(submission) == await order_stand.places(submission) == Placement(placed=True)
    assert await order_stand.held(sku) == (5, 2)


async def test_of_twins_that_answer_at_once_both_give_the_answer_that_is_kept(order_stand: OrderStand) -> None:
    order_no = (await order_stand.submits((await order_stand.shelves(5), 1))).order_no
    async with order_stand.database.transaction() as connection, order_stand.database.transaction() as other:
        assert await submissions.keep_answer(connection, order_no, {"status": "unpaid"}) == {"status": "unpaid"}
        second = asyncio.create_task(submissions.keep_answer(other, order_no, {"status": "paid"}))
        await connection.commit()
        assert await asyncio.wait_for(second, PATIENCE) == {"status": "unpaid"}


async def test_a_refused_order_leaves_nothing_behind(order_stand: OrderStand) -> None:
    plenty, scarce = await order_stand.shelves(50), await order_stand.shelves(1)
    submission = await order_stand.submits((plenty, 2), (scarce, 2))
    refusal = await order_stand.places(submission)
    assert (refusal.placed, refusal.code) == (False, "out_of_stock")
    assert refusal.details == {"items": [{"sku": scarce, "requested": 2, "available": 1}]}
    assert await order_stand.ends(submission.order_no) == "refused"
    assert await decided(order_stand, submission.order_no) == refusal
    assert not await order_stand.is_order(submission.order_no)
    assert await order_stand.held(plenty) == (50, 0)
    assert await order_stand.held(scarce) == (1, 0)


async def test_a_step_goes_on_patiently_when_the_database_is_away_for_longer(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    submission = await order_stand.submits((sku, 2))
    order_stand.away(submission.order_no, "reserve_stock", 5)
    assert await order_stand.places(submission) == Placement(placed=True)
    assert went_on_patiently(order_stand.tried(submission.order_no, "reserve_stock"), 6)
    assert await order_stand.held(sku) == (5, 2)


async def test_a_refusal_is_final_in_the_patient_form_too(order_stand: OrderStand) -> None:
    scarce = await order_stand.shelves(1)
    submission = await order_stand.submits((scarce, 2))
    order_stand.away(submission.order_no, "reserve_stock", 4)
    assert (await order_stand.places(submission)).code == "out_of_stock"
    assert went_on_patiently(order_stand.tried(submission.order_no, "reserve_stock"), 5)
    assert await order_stand.held(scarce) == (1, 0)


async def test_a_step_whose_answer_was_lost_is_done_once(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    submission = await order_stand.submits((sku, 2))
    order_stand.mute(submission.order_no, "reserve_stock", 1)
    order_stand.mute(submission.order_no, "record_order", 1)
    assert await order_stand.places(submission) == Placement(placed=True)
    assert await order_stand.held(sku) == (5, 2)
    assert await order_stand.timeline(submission.order_no) == ["submit"]


async def test_an_order_that_cannot_be_placed_in_time_is_refused_and_holds_nothing(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    submission = await order_stand.submits((sku, 2))
    order_stand.away(submission.order_no, "record_order", AGAIN_AND_AGAIN)
    refusal = await order_stand.places(submission, placing_seconds=1)
    assert (refusal.placed, refusal.code) == (False, "placing_timed_out")
    assert await order_stand.ends(submission.order_no) == "refused"
    assert not await order_stand.is_order(submission.order_no)
    assert await order_stand.held(sku) == (5, 0)


async def test_stock_that_was_held_unheard_is_given_back(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    submission = await order_stand.submits((sku, 2))
    order_stand.mute(submission.order_no, "reserve_stock", AGAIN_AND_AGAIN)
    refusal = await order_stand.places(submission, placing_seconds=1)
    assert refusal.code == "placing_timed_out"
    assert await order_stand.ends(submission.order_no) == "refused"
    assert await order_stand.held(sku) == (5, 0)


async def test_an_order_whose_record_was_answered_too_late_stands(order_stand: OrderStand) -> None:
    """The database has the last word, and the run goes on with it, however long the answer takes to come through."""
    sku = await order_stand.shelves(5)
    submission = await order_stand.submits((sku, 2))
    order_stand.mute(submission.order_no, "record_order", 10)
    assert await order_stand.places(submission, placing_seconds=3) == Placement(placed=True)
    assert await order_stand.held(sku) == (5, 2)
    assert await order_stand.asks(submission.order_no, CANCEL) == "cancelled"
    assert await order_stand.held(sku) == (5, 0)


async def test_a_submission_that_somebody_gave_up_is_never_recorded(order_stand: OrderStand) -> None:
    """The API refuses a submission that is too old; a run that comes later gives back what it took."""
    sku = await order_stand.shelves(5)
    submission = await order_stand.submits((sku, 2))
    given_up = Placement(placed=False, code="placing_timed_out", message="too late")
    async with order_stand.database.transaction() as connection:
        await submissions.refuse(connection, submission.order_no, given_up)
    assert await order_stand.places(submission) == given_up
    assert await order_stand.ends(submission.order_no) == "refused"
    assert await order_stand.held(sku) == (5, 0)


async def test_stock_that_was_given_back_before_it_was_taken_stays_there(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    submission = await order_stand.submits((sku, 2))
    async with order_stand.database.transaction() as connection:
        await stock.release(connection, submission.order_no, submission.received_at)
    assert (await order_stand.places(submission)).code == "placing_timed_out"
    assert await order_stand.held(sku) == (5, 0)


async def test_a_cancel_that_comes_while_placing_is_decided_when_placing_is(order_stand: OrderStand) -> None:
    sku = await order_stand.shelves(5)
    submission = await order_stand.submits((sku, 2))
    order_stand.away(submission.order_no, "record_order", 2)
    await order_stand.begins(submission)
    assert await order_stand.asks(submission.order_no, CANCEL) == "cancelled"
    assert await order_stand.ends(submission.order_no) == "cancelled"
    assert await order_stand.held(sku) == (5, 0)


async def test_a_cancel_of_an_order_that_is_then_refused_is_refused_and_the_run_ends(order_stand: OrderStand) -> None:
    """Early messages must not keep a run open (W6)."""
    sku = await order_stand.shelves(5)
    submission = await order_stand.submits((sku, 2))
    for step in ("record_order", "refuse_order"):
        order_stand.away(submission.order_no, step, AGAIN_AND_AGAIN)
    await order_stand.begins(submission, placing_seconds=1)
    asked = asyncio.create_task(order_stand.refusal(submission.order_no, CANCEL, OPERATOR))
    await until(lambda: is_accepted(order_stand, submission.order_no), bool, PATIENCE)
    order_stand.away(submission.order_no, "refuse_order", 0)
    assert (await asked).type == "action_not_allowed"
    assert await order_stand.ends(submission.order_no) == "refused"


async def is_accepted(stand: OrderStand, order_no: str) -> bool:
    """Whether the run has heard an update."""
    events = (await stand.run(order_no).fetch_history()).events
    return any(event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED for event in events)


async def test_nobody_acts_on_a_run_that_is_closed(order_stand: OrderStand) -> None:
    scarce = await order_stand.shelves(1)
    submission = await order_stand.submits((scarce, 2))
    await order_stand.places(submission)
    assert await order_stand.ends(submission.order_no) == "refused"
    assert await order_stand.is_closed_to(submission.order_no, CANCEL)
