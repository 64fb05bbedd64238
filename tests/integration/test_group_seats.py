"""Seats in PostgreSQL: who is first, what comes late or twice, and what no code could break (R-TYPE-5, W2, W6)."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from ordersaga.contracts.group import LeaveSeat, PaySeat, TakeSeat
from ordersaga.domain.errors import GroupUnavailable, PlacingTimedOut
from ordersaga.domain.group import Prospect, SeatState
from ordersaga.domain.lifecycle.group import GroupState
from ordersaga.domain.messages import Placement, group_workflow_id
from ordersaga.persistence.tables.groups import group_seats
from ordersaga.persistence.tables.inbox import inbox
from tests.integration.group_stand import HOUR, GroupStand
from tests.integration.order_stand import OrderStand

AT = datetime.now(UTC)

Trouble = Callable[[OrderStand, str, str], None]


def away(stand: OrderStand, order_no: str, step: str) -> None:
    stand.away(order_no, step, 1)


def unheard(stand: OrderStand, order_no: str, step: str) -> None:
    stand.mute(order_no, step, 1)


@pytest.fixture(scope="module")
async def stand(order_stand: OrderStand) -> GroupStand:
    return await GroupStand.of(order_stand)


async def take(stand: GroupStand, order_no: str) -> str:
    """`taken`, or the reason why not."""
    try:
        await stand.steps.take_seat(TakeSeat(order_no=order_no, at=AT))
    except GroupUnavailable as refused:
        return str(refused.details["reason"])
    return "taken"


async def test_of_twelve_who_want_the_last_two_seats_at_once_just_two_get_one(stand: GroupStand) -> None:
    campaign = await stand.campaign(size=3)
    leader = await stand.submits(campaign, "lea")
    code = (await stand.steps.take_seat(TakeSeat(order_no=leader.order_no, at=AT))).group_code
    wanting = [await stand.submits(campaign, f"buyer-{number}", code) for number in range(12)]
    answers = await asyncio.gather(*(take(stand, submission.order_no) for submission in wanting))
    assert Counter(answers) == {"taken": 2, "full": 10}
    group = await stand.group(code)
    assert (group.state, [seat.seat_no for seat in group.living]) == (GroupState.FULL, [1, 2, 3])


async def test_one_who_wants_two_seats_at_once_gets_one(stand: GroupStand) -> None:
    campaign = await stand.campaign(size=4)
    leader = await stand.submits(campaign, "lea")
    code = (await stand.steps.take_seat(TakeSeat(order_no=leader.order_no, at=AT))).group_code
    twice = [await stand.submits(campaign, "bob", code) for _ in range(2)]
    answers = await asyncio.gather(*(take(stand, submission.order_no) for submission in twice))
    assert Counter(answers) == {"taken": 1, "joined_already": 1}
    assert len((await stand.group(code)).living) == 2


async def test_each_step_again_changes_nothing(stand: GroupStand) -> None:
    submission = await stand.submits(await stand.campaign(), "lea")
    steps, order_no = stand.steps, submission.order_no
    taking = TakeSeat(order_no=order_no, at=AT)
    assert await steps.take_seat(taking) == await steps.take_seat(taking)
    paying = PaySeat(order_no=order_no, at=AT)
    answers = [await steps.pay_seat(paying) for _ in range(2)]
    assert [(answer.prospect, answer.paid) for answer in answers] == [(Prospect.WAITING, 1)] * 2
    leaving = LeaveSeat(order_no=order_no, at=AT)
    assert [(await steps.leave_seat(leaving)).prospect for _ in range(2)] == [Prospect.LOST] * 2
    assert (await steps.pay_seat(paying)).prospect is Prospect.LOST, "money does not bring a seat back"
    with pytest.raises(PlacingTimedOut):
        await steps.take_seat(taking)


async def test_a_seat_given_back_before_it_was_taken_is_never_taken(stand: GroupStand) -> None:
    submission = await stand.submits(await stand.campaign(), "lea")
    for _ in range(2):
        await stand.steps.leave_seat(LeaveSeat(order_no=submission.order_no, at=AT))
    with pytest.raises(PlacingTimedOut):
        await stand.steps.take_seat(TakeSeat(order_no=submission.order_no, at=AT))


async def test_a_take_and_a_leave_at_once_leave_no_seat_behind(stand: GroupStand) -> None:
    campaign = await stand.campaign()
    for _ in range(10):
        submission = await stand.submits(campaign, "lea")
        await asyncio.gather(
            stand.steps.take_seat(TakeSeat(order_no=submission.order_no, at=AT)),
            stand.steps.leave_seat(LeaveSeat(order_no=submission.order_no, at=AT)),
            return_exceptions=True,
        )
        async with stand.orders.database.transaction() as connection:
            states = (
                await connection.execute(
                    select(group_seats.c.state).where(group_seats.c.order_no == submission.order_no)
                )
            ).scalars()
        assert list(states) == [SeatState.LEFT]


@pytest.mark.parametrize(
    ("seat_no", "account", "constraint"),
    [
        (3, "cat", "seat_within_size"),
        (2, "cat", "one_order"),
        (2, "bob", "one_order|one_account"),
    ],
)
async def test_the_database_itself_has_no_room_for_a_seat_too_many(
    stand: GroupStand, seat_no: int, account: str, constraint: str
) -> None:
    code, _ = await stand.opened(await stand.campaign(), "lea", "bob")
    too_many = {"group_code": code, "group_size": 2, "seat_no": seat_no, "account": account, "state": "reserved"}
    with pytest.raises(IntegrityError, match=constraint):
        async with stand.orders.database.transaction() as connection:
            await connection.execute(
                insert(group_seats).values(order_no=f"{code}-{account}", taken_at=AT, updated_at=AT, **too_many)
            )


@pytest.mark.parametrize("trouble", [away, unheard])
async def test_a_seat_is_taken_paid_and_decided_once_whatever_fails(stand: GroupStand, trouble: Trouble) -> None:
    campaign = await stand.campaign()
    first = await stand.submits(campaign, "lea")
    trouble(stand.orders, first.order_no, "take_seat")
    trouble(stand.orders, first.order_no, "pay_seat")
    assert await stand.orders.places(first) == Placement(placed=True)
    code = (await stand.group_of(first.order_no)).code
    fails = stand.orders.outages.before if trouble is away else stand.orders.outages.answers
    fails[group_workflow_id(code), "decide_group"] = 1
    async with stand.delivering():
        second = await stand.joins(campaign, "bob", code)
        await stand.pays(first.order_no, second)
        assert await stand.ends(code) == "filled"
        for order_no in (first.order_no, second):
            await stand.orders.until(order_no, "in_production")
            assert (await stand.orders.timeline(order_no)).count("fill_group") == 1


@pytest.mark.parametrize("trouble", [away, unheard])
async def test_an_expired_group_gives_back_once_whatever_fails(stand: GroupStand, trouble: Trouble) -> None:
    campaign = await stand.campaign()
    async with stand.delivering():
        code, (order_no,) = await stand.opened(campaign, "lea")
        await stand.pays(order_no)
        for step in ("pay_seat", "leave_seat", "give_money_back"):
            trouble(stand.orders, order_no, step)
        await stand.passes(code, HOUR)
        assert (await stand.ended(order_no)).count("expire_group") == 1
    assert len(await stand.paid_back(order_no)) == 1
    assert await stand.orders.held(campaign.sku) == (100, 0)


async def test_a_step_that_hangs_until_the_order_is_given_up_takes_no_seat(stand: GroupStand) -> None:
    campaign = await stand.campaign()
    submission = await stand.submits(campaign, "lea")
    stand.orders.away(submission.order_no, "take_seat", 100)
    placement = await stand.orders.places(submission, placing_seconds=1)
    assert placement.code == "placing_timed_out"
    with pytest.raises(PlacingTimedOut):
        await stand.steps.take_seat(TakeSeat(order_no=submission.order_no, at=AT))


async def test_every_change_of_a_seat_is_there_to_wake_the_group(stand: GroupStand) -> None:
    """With the change, or not at all: a process that dies in between leaves both or neither."""
    submission = await stand.submits(await stand.campaign(), "lea")
    taken = await stand.steps.take_seat(TakeSeat(order_no=submission.order_no, at=AT))
    await stand.steps.pay_seat(PaySeat(order_no=submission.order_no, at=AT))
    await stand.steps.leave_seat(LeaveSeat(order_no=submission.order_no, at=AT + timedelta(seconds=1)))
    run = group_workflow_id(taken.group_code)
    async with stand.orders.database.transaction() as connection:
        rows = await connection.execute(
            select(inbox.c.event_id).where(inbox.c.workflow_id == run).order_by(inbox.c.report_id)
        )
    told = [event_id.rpartition(":")[2] for event_id in rows.scalars()]
    assert told == ["reserved", "paid", "left"]
