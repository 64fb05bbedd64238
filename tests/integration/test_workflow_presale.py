"""Presales on production's clock: deposit, a window of days, balance; and every way in which it comes to nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.api.enums.v1 import EventType

from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.messages import CANCEL
from ordersaga.domain.payment import Instalment, PaymentState
from ordersaga.domain.presale import FORFEIT, REFUND
from ordersaga.domain.pricing.effects import AmountOff
from tests.integration.offers_stand import LOCKED, RETURNED, USED, OffersStand
from tests.integration.order_runs import PATIENCE
from tests.integration.order_stand import OPERATOR, OrderStand
from tests.integration.presale_stand import BALANCE, DEPOSIT, MOMENT, TO_WINDOW, WINDOW, PresaleStand
from tests.offers import promotion
from tests.shop import until

MINUTE = timedelta(minutes=1)
PAYMENT_TIME = 15 * MINUTE
CANCELLED_LATE = ["submit", "confirm_deposit", "cancel"]
MISSED = ["submit", "confirm_deposit", "open_balance", "reach_balance_deadline"]

Begin = Callable[..., Awaitable[str]]

_ACCEPTED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
_TASK_ENDED, _STEP_TAKEN = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, EventType.EVENT_TYPE_MARKER_RECORDED


@pytest.fixture(scope="module")
async def stand(order_stand: OrderStand) -> PresaleStand:
    return await PresaleStand.of(order_stand)


async def test_a_deposit_and_a_balance_in_its_window_are_a_paid_order(stand: PresaleStand) -> None:
    orders, sku = stand.orders, await stand.orders.shelves(5)
    order_no = await stand.placed(sku)
    deposit = await stand.pays(order_no)
    await orders.until(order_no, "deposit_paid")
    assert await orders.held(sku) == (5, 2)
    await orders.passes(order_no, TO_WINDOW - MINUTE)
    assert (await orders.order(order_no)).state == "deposit_paid"
    await orders.passes(order_no, MINUTE)
    order = await orders.until(order_no, "awaiting_balance")
    assert order.payment_due_at - order.placed_at == pytest.approx(TO_WINDOW + WINDOW, abs=timedelta(minutes=1))
    assert await stand.told(order_no) == ["balance_due"]
    balance = await stand.pays(order_no)
    await orders.until(order_no, "in_production")
    assert await orders.timeline(order_no) == ["submit", "confirm_deposit", "open_balance", "confirm_balance", "split"]
    paid = [await orders.payment(payment.payment_id) for payment in (deposit, balance)]
    assert [(payment.instalment, payment.amount.amount, payment.state) for payment in paid] == [
        (Instalment.DEPOSIT, DEPOSIT, PaymentState.SUCCEEDED),
        (Instalment.BALANCE, BALANCE, PaymentState.SUCCEEDED),
    ]
    assert sum(payment.amount.amount for payment in paid) == order.totals.payable
    (parcel_no,) = await orders.split_parcels(order_no)
    await orders.arrives(parcel_no)
    await orders.until(order_no, "delivered")
    assert await orders.held(sku) == (3, 0)


async def test_a_buyer_is_reminded_when_a_quarter_of_the_window_is_left(stand: PresaleStand) -> None:
    order_no = await stand.opened(await stand.orders.shelves())
    await stand.orders.passes(order_no, WINDOW * 3 / 4 - timedelta(minutes=1))
    assert await stand.told(order_no) == ["balance_due"]
    await stand.orders.passes(order_no, timedelta(minutes=2))
    await stand.is_told(order_no, "balance_closes_soon")
    assert (await stand.orders.order(order_no)).state == "awaiting_balance"


async def test_who_has_paid_the_balance_is_not_reminded(stand: PresaleStand) -> None:
    order_no = await stand.opened(await stand.orders.shelves())
    await stand.pays(order_no)
    await stand.orders.until(order_no, "in_production")
    # The database knows the state before Temporal knows how the task ended that brought it about.
    await until(lambda: stand.timers_left(order_no), lambda left: left == 0, PATIENCE)


async def test_a_deposit_that_is_not_paid_in_time_gives_everything_back(stand: PresaleStand) -> None:
    sku = await stand.orders.shelves(5)
    order_no = await stand.placed(sku)
    await stand.orders.passes(order_no, PAYMENT_TIME + MOMENT)
    assert (await stand.ends(order_no)).state == "payment_timed_out"
    assert await stand.orders.held(sku) == (5, 0)


async def test_before_the_deposit_a_presale_is_cancelled_like_any_order(stand: PresaleStand) -> None:
    sku = await stand.orders.shelves(5)
    order_no = await stand.placed(sku)
    assert await stand.orders.asks(order_no, CANCEL) == "cancelled"
    assert (await stand.ends(order_no)).state == "cancelled"
    assert await stand.orders.held(sku) == (5, 0)


async def test_a_missed_balance_forfeits_the_deposit_or_gives_it_back_by_the_terms(stand: PresaleStand) -> None:
    async def forfeits() -> None:
        sku = await stand.orders.shelves(5)
        order_no = await stand.opened(sku, missed_balance=FORFEIT, cancelled=REFUND)
        left_open = await stand.attempt(order_no)
        await stand.orders.passes(order_no, WINDOW)
        assert (await stand.ends(order_no)).state == "deposit_forfeited"
        assert await stand.orders.timeline(order_no) == [*MISSED, "forfeit_deposit"]
        assert await stand.orders.held(sku) == (5, 0)
        assert (await stand.told(order_no))[-1] == "deposit_forfeited"
        assert await stand.paid_back(order_no) == []
        assert (await stand.orders.payment(left_open.payment_id)).state is PaymentState.CLOSED

    async def gives_back() -> None:
        sku = await stand.orders.shelves(5)
        order_no = await stand.opened(sku, missed_balance=REFUND, cancelled=FORFEIT)
        await stand.orders.passes(order_no, WINDOW)
        assert (await stand.ends(order_no)).state == "refunded"
        assert await stand.orders.timeline(order_no) == [*MISSED, "refund_deposit", "finish_refund"]
        assert await stand.paid_back(order_no) == [(DEPOSIT, "balance_missed", "succeeded")]
        assert await stand.orders.held(sku) == (5, 0)
        assert (await stand.told(order_no))[-1] == "refunded"

    async with stand.refunds.delivering():
        await asyncio.gather(forfeits(), gives_back())


async def test_after_the_deposit_a_cancel_forfeits_it_or_gives_it_back_by_the_terms(stand: PresaleStand) -> None:
    async def forfeits(begin: Begin) -> None:
        sku = await stand.orders.shelves(5)
        order_no = await begin(sku, cancelled=FORFEIT, missed_balance=REFUND)
        assert await stand.orders.asks(order_no, CANCEL) == "deposit_forfeited"
        assert (await stand.ends(order_no)).state == "deposit_forfeited"
        assert await stand.paid_back(order_no) == []
        assert await stand.orders.held(sku) == (5, 0)

    async def gives_back(begin: Begin) -> None:
        sku = await stand.orders.shelves(5)
        order_no = await begin(sku, cancelled=REFUND, missed_balance=FORFEIT)
        assert await stand.orders.asks(order_no, CANCEL) == "refunding", "it does not wait for the provider"
        async with stand.refunds.delivering():
            assert (await stand.ends(order_no)).state == "refunded"
        assert await stand.paid_back(order_no) == [(DEPOSIT, "cancelled", "succeeded")]
        assert await stand.orders.held(sku) == (5, 0)

    lives = (life(begin) for life in (forfeits, gives_back) for begin in (stand.deposited, stand.opened))
    await asyncio.gather(*lives)


async def test_two_cancels_at_once_are_one(stand: PresaleStand) -> None:
    order_no = await stand.deposited(await stand.orders.shelves())
    assert await stand.orders.ask_twice(order_no, CANCEL) <= {"deposit_forfeited", "action_not_allowed", "not_found"}
    assert await stand.orders.timeline(order_no) == [*CANCELLED_LATE, "forfeit_deposit"]


async def test_a_run_cancelled_natively_follows_the_terms_too(stand: PresaleStand) -> None:
    order_no = await stand.deposited(await stand.orders.shelves())
    await stand.orders.run(order_no).cancel()
    await stand.orders.until(order_no, "deposit_forfeited")
    assert (await stand.ends(order_no)).state == "deposit_forfeited"


async def test_a_cancel_that_the_deposit_overtakes_is_refused_and_loses_nobody_s_money(stand: PresaleStand) -> None:
    order_no = await stand.placed(await stand.orders.shelves(), cancelled=FORFEIT)
    payment = await stand.attempt(order_no)
    stand.orders.provider.answers[payment.payment_id] = PaymentState.SUCCEEDED
    refused = await stand.orders.refusal(order_no, CANCEL)
    assert (refused.type, refused.details[0]["state"]) == ("action_not_allowed", "deposit_paid")
    await stand.orders.passes(order_no, TO_WINDOW)
    await stand.orders.until(order_no, "awaiting_balance")


async def test_where_the_deposit_is_all_there_is_to_pay_the_order_goes_on_when_the_window_opens(
    stand: PresaleStand,
) -> None:
    nearly_free = promotion("NEARLY", AmountOff(amount=15_000))
    order_no = await stand.deposited(await stand.orders.shelves(), offers=[nearly_free], deposit=5_000, counts_as=6_000)
    order = await stand.orders.order(order_no)
    assert (order.totals.payable, order.totals.due_now) == (9_000, 9_000)
    await stand.orders.passes(order_no, TO_WINDOW)
    await stand.orders.until(order_no, "in_production")
    assert "confirm_balance" in await stand.orders.timeline(order_no)
    assert await stand.told(order_no) == []


async def test_a_deposit_that_comes_when_the_window_is_over_leaves_time_to_pay_the_balance(stand: PresaleStand) -> None:
    now = datetime.now(UTC)
    order_no = await stand.placed(
        await stand.orders.shelves(),
        ends_in=4 * MINUTE,
        balance_opens_at=now,
        balance_closes_at=now + 5 * MINUTE,
    )
    await stand.orders.passes(order_no, 10 * MINUTE)
    await stand.pays(order_no)
    order = await stand.orders.until(order_no, "awaiting_balance")
    assert order.payment_due_at - order.placed_at == pytest.approx(10 * MINUTE + PAYMENT_TIME, abs=MINUTE)
    await stand.pays(order_no)
    await stand.orders.until(order_no, "in_production")


async def test_what_a_presale_holds_is_used_with_its_balance(stand: PresaleStand) -> None:
    offers = OffersStand.empty(stand.orders)
    purse = await offers.purse()
    order_no = await stand.opened(await stand.orders.shelves(), buyer=purse.account, holds=purse.holds)
    assert await purse.position() == LOCKED
    await stand.pays(order_no)
    await stand.orders.until(order_no, "in_production")
    assert await purse.position() == USED


@pytest.mark.parametrize("fate", [FORFEIT, REFUND])
async def test_what_a_presale_held_comes_back_when_it_comes_to_nothing(stand: PresaleStand, fate: str) -> None:
    offers = OffersStand.empty(stand.orders)
    purse = await offers.purse()
    order_no = await stand.deposited(
        await stand.orders.shelves(), buyer=purse.account, holds=purse.holds, cancelled=fate
    )
    await stand.orders.asks(order_no, CANCEL, OPERATOR)
    assert await purse.position() == RETURNED


async def test_goods_that_were_not_held_and_have_gone_cost_neither_deposit_nor_balance(stand: PresaleStand) -> None:
    orders, sku = stand.orders, await stand.orders.shelves(2)
    order_no = await stand.opened(sku, stock_policy=StockPolicy.DEDUCT_AT_PAYMENT)
    await orders.placed((sku, 1))
    async with stand.refunds.delivering():
        await stand.pays(order_no)
        assert (await stand.ends(order_no)).state == "refunded"
    assert sorted(await stand.paid_back(order_no)) == [
        (DEPOSIT, "out_of_stock", "succeeded"),
        (BALANCE, "out_of_stock", "succeeded"),
    ]


async def test_every_step_is_done_once_however_the_network_fails(stand: PresaleStand) -> None:
    orders = stand.orders

    async def life(fails: Callable[[str, str, int], None]) -> None:
        sku = await orders.shelves(5)
        order_no = await stand.placed(sku, missed_balance=REFUND)
        for step in ("settle_payments", "move_order", "remind_buyer", "release_stock", "give_money_back"):
            fails(order_no, step, 1)
        await stand.pays(order_no)
        await orders.until(order_no, "deposit_paid")
        await orders.passes(order_no, TO_WINDOW)
        await orders.until(order_no, "awaiting_balance")
        await orders.passes(order_no, WINDOW * 3 / 4)
        await stand.is_told(order_no, "balance_closes_soon")
        await orders.passes(order_no, WINDOW / 4)
        assert (await stand.ends(order_no)).state == "refunded"
        assert await orders.timeline(order_no) == [*MISSED, "refund_deposit", "finish_refund"]
        assert await stand.paid_back(order_no) == [(DEPOSIT, "balance_missed", "succeeded")]
        assert (await stand.told(order_no)) == ["balance_due", "balance_closes_soon", "refunded"]
        assert await orders.held(sku) == (5, 0)

    async with stand.refunds.delivering():
        await asyncio.gather(life(orders.mute), life(orders.away))


async def test_a_choice_is_in_the_history_before_anything_is_done_about_it(stand: PresaleStand) -> None:
    """A task that is lost after its steps were committed would run again, and might choose otherwise."""
    order_no = await stand.opened(await stand.orders.shelves(), cancelled=REFUND)
    await stand.orders.asks(order_no, CANCEL)
    kinds = await stand.events(order_no)
    (_, cancelled) = (place for place, kind in enumerate(kinds) if kind == _ACCEPTED)
    assert kinds.index(_TASK_ENDED, cancelled) < kinds.index(_STEP_TAKEN, cancelled)
