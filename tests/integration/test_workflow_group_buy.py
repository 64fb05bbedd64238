"""Group buys on production's clock: seats, payments, leaves and the end of time, in every order (R-TYPE-5, P1, P2)."""

from datetime import timedelta

import pytest

from ordersaga.contracts.group import DecideGroup, LeaveSeat
from ordersaga.contracts.search_attributes import ORDER_NO, ORDER_STATUS
from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.lifecycle.group import GroupState
from ordersaga.domain.messages import CANCEL, Placement
from ordersaga.domain.payment import PaymentState
from tests.integration.group_stand import DEADLINE, HOUR, GroupStand
from tests.integration.offers_stand import RETURNED, USED, OffersStand
from tests.integration.order_stand import OPERATOR, OrderStand
from tests.shop import until

PAYABLE = 13_500
"""A unit and its delivery, in TWD cents."""
EXPIRED = ["submit", "confirm_payment", "expire_group", "finish_refund"]
MONEY_BACK = [(PAYABLE, "group_expired", "succeeded")]


@pytest.fixture(scope="module")
async def stand(order_stand: OrderStand) -> GroupStand:
    return await GroupStand.of(order_stand)


async def test_a_group_that_fills_goes_on_to_production_and_its_run_ends(stand: GroupStand) -> None:
    campaign = await stand.campaign()
    async with stand.delivering():
        code, (first, second) = await stand.opened(campaign, "lea", "bob")
        await stand.pays(first)
        assert (await stand.orders.order(first)).state == "awaiting_group"
        await stand.pays(second)
        assert await stand.ends(code) == "filled"
        for order_no in (first, second):
            await stand.orders.until(order_no, "in_production")
            assert await stand.orders.timeline(order_no) == ["submit", "confirm_payment", "fill_group", "split"]
        assert await stand.told(second, "bob") == ["group_filled"]
    assert await stand.orders.held(campaign.sku) == (100, 2)


async def test_an_order_takes_its_seat_first_and_pays_for_it_in_one_step_more(stand: GroupStand) -> None:
    _, (order_no,) = await stand.opened(await stand.campaign(), "lea")
    await stand.pays(order_no)
    steps = ["take_seat", "reserve_stock", "record_order", "settle_payments", "pay_seat"]
    assert stand.orders.steps(order_no) == steps


async def test_time_that_is_over_gives_payers_their_money_back_once_and_closes_who_has_not_paid(
    stand: GroupStand,
) -> None:
    campaign = await stand.campaign(size=3, time=timedelta(minutes=10))
    async with stand.delivering():
        code, (first, second, unpaid) = await stand.opened(campaign, "lea", "bob", "cat")
        order = await stand.orders.order(unpaid)
        assert order.payment_due_at - order.placed_at < timedelta(minutes=11), "nobody pays for a group that is over"
        attempt = await stand.attempt(unpaid)
        await stand.pays(first, second)
        await stand.passes(code, timedelta(minutes=10))
        assert await stand.ends(code) == "expired"
        for order_no in (first, second):
            assert await stand.ended(order_no) == EXPIRED
            assert await stand.paid_back(order_no) == MONEY_BACK
        await stand.orders.passes(unpaid, timedelta(minutes=10))
        assert await stand.ended(unpaid) == ["submit", "expire_group", "confirm_cancellation"]
    assert (await stand.orders.payment(attempt.payment_id)).state is PaymentState.CLOSED
    assert await stand.told(first, "lea") == ["group_expired", "refunded"]
    assert [seat.order_no for seat in (await stand.group(code)).living] == [first, second]
    assert await stand.orders.held(campaign.sku) == (100, 0)


async def test_who_does_not_pay_in_time_loses_the_seat_to_another_while_the_group_forms(stand: GroupStand) -> None:
    campaign = await stand.campaign()
    async with stand.delivering():
        code, (first, late) = await stand.opened(campaign, "lea", "bob")
        await stand.pays(first)
        await stand.orders.passes(late, DEADLINE)
        assert await stand.ended(late) == ["submit", "reach_payment_deadline", "time_out"]
        assert (await stand.group(code)).state is GroupState.FORMING
        await stand.pays(await stand.joins(campaign, "bob", code))
        assert await stand.ends(code) == "filled"


async def test_money_that_comes_when_the_group_is_over_and_the_order_closed_goes_back_by_itself(
    stand: GroupStand,
) -> None:
    campaign = await stand.campaign(time=timedelta(minutes=10))
    async with stand.delivering():
        code, (order_no,) = await stand.opened(campaign, "lea")
        payment = await stand.attempt(order_no)
        await stand.passes(code, timedelta(minutes=10))
        assert await stand.ends(code) == "expired"
        await stand.orders.passes(order_no, timedelta(minutes=10))
        assert await stand.orders.ends(order_no) == "cancelled"
        await stand.orders.hears(payment, PaymentState.SUCCEEDED)
        await stand.orders.becomes(payment, PaymentState.UNEXPECTED)
        await until(lambda: stand.paid_back(order_no), lambda found: found == [(PAYABLE, "not_awaited", "succeeded")])
    assert (await stand.orders.order(order_no)).state == "cancelled"


async def test_a_payment_that_its_provider_tells_of_at_the_last_question_comes_too_late_for_the_group(
    stand: GroupStand,
) -> None:
    """The attempt is closed at the provider before the order is given up, and it says that it was paid (P2)."""
    campaign = await stand.campaign(time=timedelta(minutes=10))
    async with stand.delivering():
        code, (order_no,) = await stand.opened(campaign, "lea")
        payment = await stand.attempt(order_no)
        stand.orders.provider.answers[payment.payment_id] = PaymentState.SUCCEEDED
        await stand.passes(code, timedelta(minutes=10))
        await stand.orders.passes(order_no, timedelta(minutes=10))
        moved = await stand.ended(order_no)
    assert moved == ["submit", "expire_group", "confirm_payment", "expire_group", "finish_refund"]
    assert await stand.paid_back(order_no) == MONEY_BACK


async def test_a_payment_that_meets_a_group_which_is_over_already_is_given_back(stand: GroupStand) -> None:
    campaign = await stand.campaign()
    async with stand.delivering():
        code, (order_no,) = await stand.opened(campaign, "lea")
        await stand.passes(code, HOUR)
        assert await stand.ends(code) == "expired"
        await stand.orders.reports(await stand.attempt(order_no))
        assert await stand.ended(order_no) == EXPIRED
    assert await stand.paid_back(order_no) == MONEY_BACK
    assert await stand.orders.held(campaign.sku) == (100, 0)


async def test_the_leader_who_paid_may_leave_and_the_next_member_leads(stand: GroupStand) -> None:
    campaign = await stand.campaign()
    async with stand.delivering():
        code, (first, second) = await stand.opened(campaign, "lea", "bob")
        await stand.pays(first)
        assert await stand.orders.asks(first, CANCEL) in ("refunding", "refunded")
        assert await stand.ended(first) == ["submit", "confirm_payment", "cancel", "finish_refund"]
        assert await stand.paid_back(first) == [(PAYABLE, "cancelled", "succeeded")]
        group = await stand.group(code)
        assert (group.leader, group.state) == ("bob", GroupState.FORMING)
        third = await stand.joins(campaign, "cat", code)
        await stand.pays(second, third)
        assert await stand.ends(code) == "filled"


async def test_a_group_that_its_last_member_leaves_is_dissolved(stand: GroupStand) -> None:
    campaign = await stand.campaign()
    async with stand.delivering():
        code, (order_no,) = await stand.opened(campaign, "lea")
        assert await stand.orders.asks(order_no, CANCEL) == "cancelled"
        assert await stand.ends(code) == "dissolved"
        refused = await stand.orders.places(await stand.submits(campaign, "bob", code))
    assert (refused.code, refused.details["reason"]) == ("group_unavailable", "dissolved")


async def test_two_who_cancel_a_paid_order_at_once_are_one(stand: GroupStand) -> None:
    async with stand.delivering():
        _, (order_no,) = await stand.opened(await stand.campaign(), "lea")
        await stand.pays(order_no)
        answers = await stand.orders.ask_twice(order_no, CANCEL)
        assert answers & {"refunding", "refunded"}
        assert answers <= {"refunding", "refunded", "action_not_allowed", "not_found"}
        await stand.ended(order_no)
    assert len(await stand.paid_back(order_no)) == 1


async def test_a_cancel_that_its_own_payment_overtakes_leaves_the_group_and_has_the_money_back(
    stand: GroupStand,
) -> None:
    async with stand.delivering():
        _, (order_no,) = await stand.opened(await stand.campaign(), "lea")
        payment = await stand.attempt(order_no)
        stand.orders.provider.answers[payment.payment_id] = PaymentState.SUCCEEDED
        assert await stand.orders.asks(order_no, CANCEL) in ("refunding", "refunded")
        moved = await stand.ended(order_no)
    assert moved == ["submit", "cancel", "confirm_payment", "cancel", "finish_refund"]


async def test_who_leaves_a_group_that_has_just_filled_goes_on_with_it(stand: GroupStand) -> None:
    """Nobody has told the run yet: the group's lock decides which of the two was first."""
    campaign = await stand.campaign()
    code, (first, second) = await stand.opened(campaign, "lea", "bob")
    await stand.pays(first, second)
    group = await stand.group(code)
    decided = await stand.steps.decide(DecideGroup(group_code=code, at=group.opened_at))
    assert decided.state is GroupState.FILLED
    refusal = await stand.orders.refusal(first, CANCEL)
    assert refusal.type == "action_not_allowed"
    await stand.orders.until(first, "in_production")


async def test_a_run_whose_seat_was_given_back_before_it_died_does_not_wait_for_ever(stand: GroupStand) -> None:
    async with stand.delivering():
        code, (order_no,) = await stand.opened(await stand.campaign(), "lea")
        await stand.pays(order_no)
        group = await stand.group(code)
        await stand.steps.leave_seat(LeaveSeat(order_no=order_no, at=group.opened_at))
        assert await stand.ended(order_no) == EXPIRED


async def test_a_run_cancelled_in_the_temporal_ui_leaves_as_an_operator_would(stand: GroupStand) -> None:
    async with stand.delivering():
        _, (order_no,) = await stand.opened(await stand.campaign(), "lea")
        await stand.pays(order_no)
        await stand.orders.run(order_no).cancel()
        assert await stand.ended(order_no) == ["submit", "confirm_payment", "cancel", "finish_refund"]


async def test_a_group_whose_run_is_cancelled_or_terminated_goes_on(stand: GroupStand) -> None:
    campaign = await stand.campaign()
    async with stand.delivering():
        code, (first, second) = await stand.opened(campaign, "lea", "bob")
        await stand.begun(code)
        await stand.run(code).cancel()
        await stand.pays(first)
        await stand.run(code).terminate("by mistake")
        await stand.pays(second)
        await stand.orders.until(first, "in_production")
        assert await stand.ends(code) == "filled"


async def test_an_order_that_is_refused_for_its_stock_gives_its_seat_back(stand: GroupStand) -> None:
    campaign = await stand.campaign(on_hand=1)
    async with stand.delivering():
        code, _ = await stand.opened(campaign, "lea")
        refused = await stand.orders.places(await stand.submits(campaign, "bob", code))
        assert refused.code == "out_of_stock"
        group = await stand.group(code)
    assert [seat.account for seat in group.living] == ["lea"]
    assert group.state is GroupState.FORMING


async def test_units_that_were_not_held_and_have_gone_cost_their_own_order_alone(stand: GroupStand) -> None:
    """Deducted at payment: the group stays filled, and one member has the money back (S5)."""
    campaign = await stand.campaign(on_hand=1)
    at_payment = {"stock_policy": StockPolicy.DEDUCT_AT_PAYMENT}
    async with stand.delivering():
        first = await stand.joins(campaign, "lea", **at_payment)
        code = (await stand.group_of(first)).code
        second = await stand.joins(campaign, "bob", code, **at_payment)
        await stand.pays(first, second)
        assert await stand.ends(code) == "filled"
        states = [
            (await stand.orders.until(order_no, "in_production", "refunded")).state for order_no in (first, second)
        ]
    assert sorted(states) == ["in_production", "refunded"]
    assert await stand.orders.held(campaign.sku) == (1, 1)


async def test_coupons_points_and_budgets_are_used_with_the_payment_and_come_back_with_the_money(
    stand: GroupStand,
) -> None:
    purse = await OffersStand.empty(stand.orders).purse()
    async with stand.delivering():
        order_no = await stand.joins(await stand.campaign(), purse.account, holds=purse.holds)
        await stand.pays(order_no)
        assert await purse.position() == USED
        await stand.passes((await stand.group_of(order_no)).code, HOUR)
        assert await stand.ended(order_no) == EXPIRED
        assert await purse.position() == RETURNED


async def test_a_review_never_outlives_the_group(stand: GroupStand) -> None:
    campaign = await stand.campaign(time=timedelta(minutes=10))
    submission = await stand.submits(campaign, "lea", screening={"verdict": "review", "reasons": []})
    assert await stand.orders.places(submission) == Placement(placed=True)
    assert (await stand.orders.order(submission.order_no)).state == "under_review"
    await stand.orders.passes(submission.order_no, timedelta(minutes=10))
    assert await stand.ended(submission.order_no) == ["submit", "hold_for_review", "reach_review_deadline"]
    assert (await stand.group_of(submission.order_no)).state is GroupState.DISSOLVED


async def test_operators_find_a_group_by_its_leaders_order_and_read_who_is_in_it(stand: GroupStand) -> None:
    async with stand.delivering():
        code, (first, second) = await stand.opened(await stand.campaign(size=3), "lea-the-leader", "bob-the-buyer")
        await stand.pays(first)
        run = stand.run(code)

        async def read() -> str:
            return str(await run.query("__temporal_workflow_metadata"))

        await stand.begun(code)
        told = await until(read, lambda text: "1 more to join and 1 to pay" in text)
        assert f"| {first} | `paid` |" in told
        assert f"| {second} | `reserved` |" in told
        assert "the-leader" not in told
        found = (await run.describe()).typed_search_attributes
    assert (found.get(ORDER_NO), found.get(ORDER_STATUS)) == (first, "forming")


async def test_an_operator_may_take_an_order_out_of_its_group(stand: GroupStand) -> None:
    async with stand.delivering():
        _, (order_no,) = await stand.opened(await stand.campaign(), "lea")
        await stand.pays(order_no)
        assert await stand.orders.asks(order_no, CANCEL, OPERATOR) in ("refunding", "refunded")
        await stand.ended(order_no)
