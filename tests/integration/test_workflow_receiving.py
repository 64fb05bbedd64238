"""Receiving: confirmed by the buyer or by time, then a window, then the end (R-CNF-1, R-CMP-1)."""

from datetime import timedelta

from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.messages import CANCEL, CONFIRM_RECEIPT, ActedBy
from ordersaga.persistence import notifications, transitions
from tests.integration.order_stand import OrderStand
from tests.integration.test_workflow_visibility import finds

TEN_DAYS, SEVEN_DAYS = timedelta(days=10), timedelta(days=7)
MOMENT = timedelta(minutes=1)
"""More than any machine takes between two lines of a test: a run's clock goes on while nobody turns it."""


async def test_silence_confirms_after_ten_days_and_completes_seven_days_later(order_stand: OrderStand) -> None:
    order_no = await order_stand.delivered((await order_stand.shelves(), 1))
    await order_stand.passes(order_no, TEN_DAYS - MOMENT)
    assert (await order_stand.order(order_no)).state == "delivered"
    await order_stand.passes(order_no, 2 * MOMENT)
    assert (await order_stand.until(order_no, "received")).state == "received"
    await order_stand.passes(order_no, SEVEN_DAYS - 2 * MOMENT)
    assert (await order_stand.order(order_no)).state == "received"
    await order_stand.passes(order_no, 2 * MOMENT)
    assert await order_stand.ends(order_no) == "completed"
    async with order_stand.database.transaction() as connection:
        rows = await transitions.timeline(connection, order_no)
    delivered, received, completed = [row.at for row in rows if row.parcel_no is None][-3:]
    assert TEN_DAYS <= received - delivered < TEN_DAYS + 2 * MOMENT
    assert SEVEN_DAYS <= completed - received < SEVEN_DAYS + 2 * MOMENT


async def test_the_buyers_word_begins_the_window_at_once(order_stand: OrderStand) -> None:
    order_no = await order_stand.delivered((await order_stand.shelves(), 1))
    assert await order_stand.asks(order_no, CONFIRM_RECEIPT) == "received"
    await order_stand.passes(order_no, SEVEN_DAYS + MOMENT)
    assert await order_stand.ends(order_no) == "completed"
    assert (await order_stand.timeline(order_no))[-3:] == ["deliver_last_parcel", "confirm_receipt", "complete"]


async def test_receipt_confirmed_twice_at_once_is_confirmed_once(order_stand: OrderStand) -> None:
    order_no = await order_stand.delivered((await order_stand.shelves(), 1))
    order_stand.away(order_no, "move_order", 1)
    answers = await order_stand.ask_twice(order_no, CONFIRM_RECEIPT)
    assert "received" in answers
    assert answers <= {"received", "action_not_allowed"}
    assert (await order_stand.timeline(order_no)).count("confirm_receipt") == 1
    assert (await order_stand.refusal(order_no, CONFIRM_RECEIPT)).type == "action_not_allowed"


async def test_nobody_confirms_for_the_buyer_but_an_operator(order_stand: OrderStand) -> None:
    order_no = await order_stand.delivered((await order_stand.shelves(), 1))
    refusal = await order_stand.refusal(order_no, CONFIRM_RECEIPT, ActedBy(role="merchant", subject="m"))
    assert (refusal.type, refusal.message) == ("action_not_allowed", "confirm_receipt is not for the merchant")
    by = ActedBy(role="operator", subject="olga", channel="temporal_ui", reason="asked by phone")
    assert await order_stand.asks(order_no, CONFIRM_RECEIPT, by) == "received"
    async with order_stand.database.transaction() as connection:
        last = (await transitions.timeline(connection, order_no))[-1]
    assert (last.actor_role, last.actor, last.channel, last.reason) == (
        "operator",
        "olga",
        "temporal_ui",
        "asked by phone",
    )


async def test_the_buyer_is_reminded_once_to_confirm_and_to_review(order_stand: OrderStand) -> None:
    order_no = await order_stand.paid((await order_stand.shelves(), 1))
    (parcel_no,) = await order_stand.split_parcels(order_no)
    await order_stand.carries(parcel_no, ParcelState.HANDED_OVER)
    await finds(order_stand, order_no, "shipped")
    before = len(order_stand.tried(order_no, "move_order"))
    order_stand.mute(order_no, "move_order", 6)
    await order_stand.carries(parcel_no, ParcelState.DELIVERED)
    await finds(order_stand, order_no, "delivered")
    assert len(order_stand.tried(order_no, "move_order")) >= before + 7, "the step was taken again and again"
    async with order_stand.database.transaction() as connection:
        told = await notifications.page(connection, "alice", before=None, limit=1_000)
    assert [item.kind for item in told if item.order_no == order_no] == ["confirm_receipt_and_review"]


async def test_a_delivered_order_is_not_cancelled(order_stand: OrderStand) -> None:
    order_no = await order_stand.delivered((await order_stand.shelves(), 1))
    assert (await order_stand.refusal(order_no, CANCEL)).details == ({"state": "delivered", "action": "cancel"},)
