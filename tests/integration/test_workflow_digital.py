"""Digital orders on real Temporal and PostgreSQL: delivered once paid, returned unseen, whatever breaks (R-TYPE-4)."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import pytest

from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.messages import CANCEL, RETURN_UNUSED, order_workflow_id
from ordersaga.domain.payment import PaymentState
from ordersaga.gateways.payment.provider import ProviderUnavailable
from ordersaga.persistence import codes
from tests.integration.digital_stand import DigitalStand
from tests.integration.order_runs import PATIENCE
from tests.integration.order_stand import OPERATOR, OrderStand
from tests.integration.refund_stand import RefundStand
from tests.integration.shelves import together
from tests.shop import until

SEVEN_DAYS = timedelta(days=7, seconds=2)
FORWARD = ("confirm_payment", "fulfil_digitally", "confirm_receipt_automatically")


@pytest.fixture
async def delivering(order_stand: OrderStand) -> AsyncIterator[None]:
    """Runs are told what lies in the inbox, so that refunds begin and end."""
    async with RefundStand(order_stand).delivering():
        yield


async def test_thirty_buyers_of_ten_codes_end_with_a_code_each_or_with_nothing(order_stand: OrderStand) -> None:
    stand = await DigitalStand.of(order_stand, game=10)
    submitted = [await stand.submits(("game", 1), buyer=f"b{number}") for number in range(30)]
    placements = await together(stand.places(submission) for submission in submitted)
    served = [item.order_no for item, answer in zip(submitted, placements, strict=True) if answer.placed]
    assert len(served) == 10
    assert {answer.code for answer in placements if not answer.placed} == {"out_of_stock"}
    assert await stand.pool.of("game") == (0, 10, 0)
    await together(stand.pays(order_no) for order_no in served)
    await together(order_stand.until(order_no, "received") for order_no in served)
    assert await stand.pool.of("game") == (0, 0, 10)
    assert [await stand.has(order_no) for order_no in served] == [1] * 10
    assert [(await order_stand.order(order_no)).totals.payable for order_no in served] == [10_000] * 10


async def test_an_order_of_several_goods_is_delivered_as_a_whole_and_completed_in_time(order_stand: OrderStand) -> None:
    stand = await DigitalStand.of(order_stand, game=5, film=2)
    order_no = await stand.received(("game", 3), ("film", 2))
    assert (await stand.pool.of("game"), await stand.pool.of("film")) == ((2, 0, 3), (0, 0, 2))
    await order_stand.passes(order_no, SEVEN_DAYS)
    assert await order_stand.ends(order_no) == "completed"
    assert await order_stand.timeline(order_no) == ["submit", *FORWARD, "complete"]
    assert await stand.has(order_no) == 5


@pytest.mark.parametrize("ending", ["cancelled", "payment_timed_out"])
async def test_an_order_that_is_not_paid_gives_its_codes_back(order_stand: OrderStand, ending: str) -> None:
    stand = await DigitalStand.of(order_stand, game=2)
    order_no = await stand.placed(("game", 2))
    if ending == "cancelled":
        assert await order_stand.asks(order_no, CANCEL) == "cancelled"
    else:
        await order_stand.passes(order_no, timedelta(minutes=16))
    assert await order_stand.ends(order_no) == ending
    assert await stand.pool.of("game") == (2, 0, 0)


async def test_a_native_cancellation_of_a_delivered_order_leaves_it_to_its_buyer(order_stand: OrderStand) -> None:
    stand = await DigitalStand.of(order_stand, game=1)
    order_no = await stand.received(("game", 1))
    await order_stand.run(order_no).cancel()
    await order_stand.passes(order_no, SEVEN_DAYS)
    assert await order_stand.ends(order_no) == "completed"
    assert await stand.has(order_no) == 1


@pytest.mark.usefixtures("delivering")
async def test_what_was_not_looked_at_goes_back_and_the_money_once(order_stand: OrderStand) -> None:
    stand = await DigitalStand.of(order_stand, game=2)
    order_no = await stand.received(("game", 2))
    answers = await order_stand.ask_twice(order_no, RETURN_UNUSED)
    assert answers <= {"refunding", "refunded", "action_not_allowed", "not_found"}
    assert await order_stand.ends(order_no) == "refunded"
    assert await stand.pool.of("game") == (2, 0, 0)
    assert await stand.refunds(order_no) == [20_000]
    assert await order_stand.timeline(order_no) == ["submit", *FORWARD, "return_unused", "finish_refund"]
    assert await order_stand.is_closed_to(order_no, RETURN_UNUSED)


async def test_what_was_looked_at_is_not_returned_and_the_order_goes_on(order_stand: OrderStand) -> None:
    stand = await DigitalStand.of(order_stand, game=1)
    order_no = await stand.received(("game", 1))
    async with order_stand.database.transaction() as connection:
        (code,) = await codes.of_line(connection, order_no, 1)
        await codes.mark_revealed(connection, order_no, 1, (await order_stand.order(order_no)).updated_at)
    assert code.revealed_at is None
    for by in (OPERATOR, OPERATOR):
        refusal = await order_stand.refusal(order_no, RETURN_UNUSED, by)
        assert (refusal.type, refusal.message) == ("action_not_allowed", "a code was revealed")
    await order_stand.passes(order_no, SEVEN_DAYS)
    assert await order_stand.ends(order_no) == "completed"
    assert await stand.has(order_no) == 1


async def test_whichever_step_of_its_way_forward_breaks_an_order_has_its_codes_once(order_stand: OrderStand) -> None:
    """Before a step reaches the database, and after it did and its answer was lost."""
    stand = await DigitalStand.of(order_stand, game=40)
    steps = ("hold_codes", "record_order", "settle_payments", "deliver_codes", "move_order")

    async def lives(step: str, fails: str) -> None:
        submission = await stand.submits(("game", 2))
        getattr(order_stand, fails)(submission.order_no, step, 2)
        assert (await stand.places(submission)).placed
        await stand.pays(submission.order_no)
        await order_stand.until(submission.order_no, "received")
        await until(partial(tries, order_stand, submission.order_no, step), lambda tried: len(tried) > 2, PATIENCE)
        assert await stand.has(submission.order_no) == 2
        assert await order_stand.timeline(submission.order_no) == ["submit", *FORWARD]

    await together(lives(step, fails) for step, fails in itertools.product(steps, ("away", "mute")))
    assert await stand.pool.of("game") == (20, 0, 20)


@pytest.mark.usefixtures("delivering")
async def test_whichever_step_of_a_return_breaks_it_comes_to_its_end(order_stand: OrderStand) -> None:
    stand = await DigitalStand.of(order_stand, game=20)
    steps = ("begin_return", "release_codes", "give_money_back", "count_unfinished_refunds")

    async def returns(step: str, fails: str) -> None:
        order_no = await stand.received(("game", 2))
        getattr(order_stand, fails)(order_no, step, 2)
        assert await order_stand.asks(order_no, RETURN_UNUSED) in ("refunding", "refunded")
        assert await order_stand.ends(order_no) == "refunded"
        assert await stand.refunds(order_no) == [20_000]

    await together(returns(step, fails) for step, fails in itertools.product(steps, ("away", "mute")))
    assert await stand.pool.of("game") == (20, 0, 0)


@pytest.mark.usefixtures("delivering")
async def test_whichever_call_for_entitlements_breaks_each_unit_is_granted_and_revoked_once(
    order_stand: OrderStand,
) -> None:
    stand = await DigitalStand.of(order_stand, game=8)
    await stand.entitles("club")
    await stand.entitles("never-refuse")

    async def lives(step: str, fails: str, goods: str) -> None:
        order_no = await stand.placed(("club", 2), (goods, 1))
        getattr(order_stand, fails)(order_no, step, 1)
        await stand.pays(order_no)
        if goods == "game":
            await order_stand.until(order_no, "received")
            assert await stand.granted(order_no) == ["granted"] * 2
            assert await order_stand.asks(order_no, RETURN_UNUSED) == "refunding"
        assert await order_stand.ends(order_no) == "refunded"  # and not before everything is revoked
        assert await stand.granted(order_no) == ["revoked"] * (2 if goods == "game" else 3)
        assert await stand.refunds(order_no) == [30_000]

    steps = ("grant_entitlements", "revoke_entitlements")
    await together(lives(*case) for case in itertools.product(steps, ("away", "mute"), ("game", "never-refuse")))
    assert await stand.pool.of("game") == (8, 0, 0)


@pytest.mark.usefixtures("delivering")
async def test_money_is_not_kept_for_a_provider_that_stays_away(order_stand: OrderStand) -> None:
    stand = await DigitalStand.of(order_stand, game=1)
    await stand.waits_for_grants(seconds=2)
    await stand.entitles("club")
    submission = await stand.submits(("club", 1), ("game", 1))
    order_no = submission.order_no
    order_stand.away(order_no, "grant_entitlements", 10_000)
    assert (await stand.places(submission)).placed
    await stand.pays(order_no)
    await order_stand.until(order_no, "refunded")
    assert await order_stand.ends(order_no) == "refunded"
    assert await stand.refunds(order_no) == [20_000]
    assert (await stand.pool.of("game"), await stand.granted(order_no)) == ((1, 0, 0), ["revoked"])


@pytest.mark.usefixtures("delivering")
async def test_money_that_is_slow_to_go_back_is_waited_for(order_stand: OrderStand) -> None:
    stand = await DigitalStand.of(order_stand, game=1)
    order_no = await stand.placed(("game", 1))
    payment = await stand.pays(order_no)
    order_stand.provider.refusals[payment.payment_id][:] = [ProviderUnavailable("away"), RefundState.SUCCEEDED]
    await order_stand.until(order_no, "received")
    assert await order_stand.asks(order_no, RETURN_UNUSED) == "refunding"
    assert await order_stand.ends(order_no) == "refunded"
    assert await stand.refunds(order_no) == [10_000]


async def test_a_late_payment_finds_the_codes_gone_and_buys_nothing(order_stand: OrderStand) -> None:
    """The codes were given back, and nobody had heard of it, when the money came (P1)."""
    stand = await DigitalStand.of(order_stand, game=1)
    order_no = await stand.placed(("game", 1))
    payment = await order_stand.attempt(order_no)
    await stand.pool.releases(order_no.removeprefix(f"{stand.pool.mark}-"))
    await order_stand.reports(payment)
    await order_stand.becomes(payment, PaymentState.UNEXPECTED)
    assert await stand.has(order_no) == 0


async def test_runs_hold_no_code(order_stand: OrderStand) -> None:
    stand = await DigitalStand.of(order_stand, game=1)
    order_no = await stand.received(("game", 1))
    async with asyncio.timeout(20):
        history = await order_stand.client.get_workflow_handle(order_workflow_id(order_no)).fetch_history()
    told = history.to_json()
    assert order_no in told
    assert [digest for digest in await stand.pool.digests() if digest in told] == []


async def tries(stand: OrderStand, order_no: str, step: str) -> list[str]:
    return stand.tried(order_no, step)
