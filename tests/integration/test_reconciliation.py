"""Comparing the books finds what was made wrong behind the system's back and nothing else, and much can be repaired."""

from datetime import UTC, datetime, timedelta

import pytest

from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.messages import (
    CANCEL,
    order_workflow_id,
    parcel_workflow_id,
    refund_workflow_id,
)
from ordersaga.domain.reconciliation import Decision, ItemState, Kind
from ordersaga.domain.refund import number_of, source_of
from ordersaga.domain.sourcing import Demand
from ordersaga.gateways.payment.provider import Booking, PaymentUnknown, RefundUnknown, StatementLine
from ordersaga.persistence import stock
from tests.goods import TAIPEI, twd
from tests.integration.books_stand import BooksStand, kinds
from tests.integration.order_runs import PATIENCE, result_of
from tests.shop import until

pytestmark = pytest.mark.timeout(240)


async def test_nothing_differs_in_a_shop_in_which_all_went_as_it_should(bookshop: BooksStand) -> None:
    shop, orders, offers = bookshop, bookshop.orders, bookshop.offers
    before = await shop.look()
    sku = await orders.shelves()
    await orders.placed((sku, 2))
    await shop.pays(await orders.placed((sku, 1)))
    await shop.pays(await offers.placed(await offers.purse(), (sku, 1)))
    for cancelled in (await orders.placed((sku, 1)), await offers.placed(await offers.purse(), (sku, 1))):
        assert await orders.asks(cancelled, CANCEL) == "cancelled"
        assert await orders.ends(cancelled) == "cancelled"

    delivered = await orders.placed((sku, 3))
    await shop.pays(delivered)
    for parcel_no in await orders.split_parcels(delivered):
        await orders.arrives(parcel_no)
        await result_of(orders.client.get_workflow_handle(parcel_workflow_id(parcel_no)))
    await orders.until(delivered, "delivered")

    wrong = await orders.attempt(await orders.placed((sku, 1)))
    orders.provider.refusals[wrong.payment_id].append(RefundState.SUCCEEDED)
    await orders.reports(wrong, amount=twd(1))
    shop.states(wrong, twd(1))
    await until(lambda: orders.payment(wrong.payment_id), lambda payment: payment.refunded == 1, PATIENCE)
    refund_no = number_of(source_of(wrong.payment_id))
    shop.states_refund(wrong, f"{refund_no}.1", twd(1))
    await result_of(orders.client.get_workflow_handle(refund_workflow_id(wrong.payment_id)))
    assert await shop.look() == before


async def test_each_difference_is_found_and_named_and_gone_once_it_is(bookshop: BooksStand) -> None:
    shop, orders, behind = bookshop, bookshop.orders, bookshop.behind
    before = kinds(await shop.look())
    counted, kept, sku = [await orders.shelves() for _ in range(3)]
    purse = await shop.offers.purse()
    over = await shop.offers.placed(purse, (sku, 2))
    paid = await orders.placed((sku, 1))
    payment = await shop.pays(paid)
    unpaid = await orders.placed((sku, 1))
    twice = await orders.attempt(unpaid)

    await behind("UPDATE stock SET on_hand = on_hand + 1 WHERE sku = :sku", sku=counted)
    await behind("UPDATE stock SET reserved = reserved + 1 WHERE sku = :sku", sku=kept)
    await behind(
        "INSERT INTO stock_movements (sku, warehouse_id, kind, source_document, line_no, on_hand, reserved, at)"
        " SELECT sku, warehouse_id, 'adjust', 'by hand', 0, 0, 1, now() FROM stock WHERE sku = :sku",
        sku=kept,
    )
    # The order is over, and everything that it held is held still.
    await behind("UPDATE orders SET state = 'cancelled' WHERE order_no = :number", number=over)
    await behind("INSERT INTO digital_holds (order_no, state) VALUES (:number, 'held')", number=over)
    await behind(
        "INSERT INTO purchase_limits (code, skus, categories, order_types, campaigns, subject, quantity, period,"
        " enabled, updated_at) VALUES ('three', '{}', '{}', '{}', '{}', 'account', 3, 'day', true, now())"
    )
    await behind("INSERT INTO limit_holds (order_no, state, at) VALUES (:number, 'held', now())", number=over)
    await behind(
        "INSERT INTO limit_hold_items (order_no, code, subject, units, at) VALUES (:number, 'three', 'a', 2, now())",
        number=over,
    )
    await behind("INSERT INTO limit_holds (order_no, state, at) VALUES ('gone', 'returned', now())")
    await behind(
        "INSERT INTO limit_hold_items (order_no, code, subject, units, at) VALUES ('gone', 'three', 'a', 2, now())"
    )
    await behind("INSERT INTO point_accounts (account, balance, locked) VALUES ('midas', 5, 0)")
    other = await shop.offers.purse()
    await behind("UPDATE coupons SET state = 'expired' WHERE coupon_code = :code", code=other.coupon)
    await behind("UPDATE coupon_templates SET issued = issued + 1 WHERE template = :name", name=await _template(shop))
    budget = other.promotion_hold().code
    await behind("UPDATE offers SET spent = 7 WHERE code = :code", code=budget)
    await behind(
        "INSERT INTO offer_account_uses (code, account, period, used) VALUES (:code, 'midas', '', 1)", code=budget
    )
    # Money: paid here and not taken there; an order unpaid that has a payment; a refund too many.
    await behind("UPDATE orders SET state = 'paid' WHERE order_no = :number", number=unpaid)
    await behind("UPDATE payments SET refunded = 3 WHERE payment_id = :number", number=payment.payment_id)
    stranger = StatementLine(booking=Booking.CAPTURE, payment_id="pay-x", amount=twd(5), at=datetime.now(UTC))
    unknown = StatementLine(
        booking=Booking.REFUND, payment_id="pay-x", amount=twd(5), at=stranger.at, reference="rf_x.1"
    )
    orders.provider.lines += [stranger, unknown]
    shop.states(twice, twd(77))
    forgotten = await shop.pays(await orders.placed((sku, 1)))
    orders.provider.lines.pop()
    orders.provider.told[forgotten.payment_id] = PaymentUnknown(forgotten.payment_id)
    never = await orders.submits((sku, 1))
    demand = Demand(line_no=1, sku=sku, merchant_id="", quantity=1)
    async with shop.database.transaction() as connection:
        await stock.reserve(connection, never.order_no, [demand], TAIPEI, datetime.now(UTC))

    await shop.are_listed(order_workflow_id(over))
    found = kinds(await shop.look()) - before
    shelf = {sku: f"{sku}/{place}" for sku, place in await _places(shop)}
    assert found == {
        (Kind.STOCK_DIFFERS, shelf[counted]),
        (Kind.RESERVATIONS_DIFFER, shelf[kept]),
        (Kind.STOCK_HELD_FOR_NOTHING, over),
        (Kind.STOCK_HELD_FOR_NOTHING, never.order_no),
        (Kind.STOCK_HELD_FOR_NOTHING, "by hand"),
        (Kind.CODES_HELD_FOR_NOTHING, over),
        (Kind.LIMIT_HELD_FOR_NOTHING, over),
        (Kind.LIMIT_DIFFERS, "gone/three"),
        (Kind.POINTS_DIFFER, "midas"),
        (Kind.POINTS_HELD_FOR_NOTHING, over),
        (Kind.COUPON_HELD_FOR_NOTHING, purse.coupon),
        (Kind.COUPON_DIFFERS, other.coupon),
        (Kind.COUPONS_ISSUED_DIFFER, await _template(shop)),
        (Kind.BUDGET_DIFFERS, budget),
        (Kind.BUDGET_HELD_FOR_NOTHING, over),
        (Kind.QUOTA_DIFFERS, f"{budget}/midas"),
        (Kind.PAYMENT_MISSING, f"{unpaid}/full"),
        (Kind.REFUNDED_DIFFERS, payment.payment_id),
        (Kind.RUN_WITHOUT_PURPOSE, order_workflow_id(over)),
        (Kind.CAPTURE_UNKNOWN_HERE, "pay-x"),
        (Kind.CAPTURE_UNKNOWN_HERE, twice.payment_id),
        (Kind.CAPTURE_UNKNOWN_THERE, forgotten.payment_id),
        (Kind.REFUND_UNKNOWN_HERE, "rf_x.1"),
    }

    # What is held for nothing goes back, once, and the ledgers say so.
    held = {(kind, subject) for kind, subject in found if kind.endswith("for_nothing") and subject != "by hand"}
    for kind, subject in sorted(held):
        await shop.repair(Kind(kind), subject)
    assert (await purse.position()).points == (1_000, 0)
    with pytest.raises(ActionNotAllowed):
        await shop.repair(Kind.STOCK_DIFFERS, shelf[counted])

    # What is put right is gone; what is ignored stays so, until it is another difference.
    await behind("UPDATE stock SET on_hand = on_hand - 1 WHERE sku = :sku", sku=counted)
    await shop.decides(await shop.item(Kind.POINTS_DIFFER, "midas"), Decision.IGNORE)
    await shop.decides(await shop.item(Kind.LIMIT_DIFFERS, "gone/three"), Decision.RESOLVE)
    left = kinds(await shop.look()) - before
    assert found - left == held | {(Kind.STOCK_DIFFERS, shelf[counted]), (Kind.POINTS_DIFFER, "midas")}
    assert left < found
    assert (await shop.item(Kind.STOCK_DIFFERS, shelf[counted])).state is ItemState.GONE
    assert (await shop.item(Kind.POINTS_DIFFER, "midas")).state is ItemState.IGNORED
    await behind("UPDATE point_accounts SET balance = 6 WHERE account = 'midas'")
    assert (Kind.POINTS_DIFFER, "midas") in kinds(await shop.look())


async def test_money_that_is_in_one_book_and_not_in_the_other_is_found(bookshop: BooksStand) -> None:
    shop, orders, behind = bookshop, bookshop.orders, bookshop.behind
    sku = await orders.shelves()
    before = kinds(await shop.look())
    number = await orders.placed((sku, 1))
    payment = await shop.pays(number)
    waiting, unpaid = [await orders.placed((sku, 1)) for _ in range(2)]
    taken, kept = await orders.attempt(unpaid), await orders.attempt(waiting)
    ended = await orders.placed((sku, 1))
    not_given = await shop.pays(ended)

    await behind("UPDATE orders SET state = 'refunded' WHERE order_no = :number", number=ended)
    await behind("UPDATE orders SET state = 'refunding' WHERE order_no = :number", number=waiting)
    received = (
        "UPDATE payments SET state = :state, received_amount = :sum, received_currency = 'TWD' WHERE payment_id = :id"
    )
    await behind(received, state="succeeded", sum=taken.amount.amount, id=taken.payment_id)
    await behind(received, state="unexpected", sum=7, id=kept.payment_id)
    shop.states(taken, twd(8))
    shop.states(kept, twd(7))
    # Some orders are refunded once their cases are over.
    reviewed = await orders.placed((sku, 1))
    await shop.pays(reviewed)
    await behind("UPDATE orders SET state = 'refunding' WHERE order_no = :number", number=reviewed)
    await behind(
        "INSERT INTO after_sales_cases (case_no, order_no, sequence, kind, reason, fault, state, table_version,"
        " merchant_id, opened_by_role, opened_by, opened_at, updated_at)"
        " VALUES (:case, :number, 1, 'refund', 'late', 'seller', 'requested', 1, 'm', 'buyer', 'a', now(), now())",
        case=f"{reviewed}-A1",
        number=reviewed,
    )
    await behind(
        "INSERT INTO after_sales_cases (case_no, order_no, sequence, kind, reason, fault, state, table_version,"
        " merchant_id, opened_by_role, opened_by, opened_at, updated_at, settlement)"
        " VALUES (:case, :number, 1, 'refund', 'other', 'buyer', 'refunding', 1, 'm', 'buyer', 'a', now(), now(),"
        " '{\"money\": 3}')",
        case=f"{number}-A1",
        number=number,
    )
    await behind(
        "INSERT INTO after_sales_lines (case_no, line_no, units) VALUES (:case, 1, '[1]')", case=f"{number}-A1"
    )
    refund = (
        "INSERT INTO refunds (refund_no, source_document, order_no, payment_id, provider, amount, currency, reason,"
        " state, requested_at, updated_at) VALUES (:no, :no, :number, :id, 'fake', :sum, 'TWD', '', :state, now(), :at)"
    )
    now, long_ago = datetime.now(UTC), datetime.now(UTC) - timedelta(days=3)
    for no, state, amount, at in (
        ("rf_stuck", "sent", 5, long_ago),
        ("rf_huge", "succeeded", 10**9, now),
        ("rf_lost", "succeeded", 6, now),
    ):
        await behind(refund, no=no, number=number, id=payment.payment_id, sum=amount, state=state, at=at)
    shop.states_refund(payment, "rf_huge.1", twd(4))
    orders.provider.ends["rf_lost.1"] = RefundUnknown("rf_lost.1")
    await behind(
        "INSERT INTO campaigns (code, order_type, name, sku, price, currency, starts_at, ends_at, terms, updated_at)"
        " VALUES ('together', 'group_buy', '', :sku, 1, 'TWD', now(), now() + interval '1 day', '{}', now())",
        sku=sku,
    )
    await behind(
        "INSERT INTO groups (group_code, campaign, size, leader, state, opened_at, expires_at, updated_at)"
        " VALUES ('G1', 'together', 2, 'a', 'forming', now(), now() + interval '1 day', now())"
    )

    await shop.are_listed(order_workflow_id(ended))
    assert kinds(await shop.look()) - before == {
        (Kind.ORDER_REFUNDED_AND_WAITING, waiting),
        (Kind.PAYMENT_MISSING, f"{waiting}/full"),
        (Kind.PAYMENT_NOT_TAKEN, taken.payment_id),
        (Kind.PAYMENT_NOT_TAKEN, not_given.payment_id),
        (Kind.STOCK_HELD_FOR_NOTHING, ended),
        (Kind.RUN_WITHOUT_PURPOSE, order_workflow_id(ended)),
        (Kind.CASE_REFUNDS_DIFFER, f"{number}-A1"),
        (Kind.CAPTURE_DIFFERS, taken.payment_id),
        (Kind.UNEXPECTED_MONEY_KEPT, kept.payment_id),
        (Kind.CASE_REFUNDED_AND_WAITING, f"{number}-A1"),
        (Kind.CASE_WITHOUT_RUN, f"{number}-A1"),
        (Kind.CASE_WITHOUT_RUN, f"{reviewed}-A1"),
        (Kind.CLAIMS_DIFFER, f"{number}-A1"),
        (Kind.REFUNDED_DIFFERS, payment.payment_id),
        (Kind.REFUNDS_EXCEED_PAYMENT, payment.payment_id),
        (Kind.REFUND_STUCK, "rf_stuck"),
        (Kind.REFUND_WITHOUT_RUN, "rf_stuck"),
        (Kind.REFUND_DIFFERS, "rf_huge"),
        (Kind.REFUND_UNKNOWN_THERE, "rf_lost"),
        (Kind.GROUP_WITHOUT_RUN, "G1"),
    }
    await shop.repair(Kind.UNEXPECTED_MONEY_KEPT, kept.payment_id)
    await until(lambda: orders.payment(kept.payment_id), lambda payment: payment.refunded == 7, PATIENCE)


async def _places(shop: BooksStand) -> list[tuple[str, str]]:
    async with shop.database.transaction() as connection:
        rows = await connection.exec_driver_sql("SELECT sku, warehouse_id FROM stock")
        return [(row.sku, row.warehouse_id) for row in rows]


async def _template(shop: BooksStand) -> str:
    async with shop.database.transaction() as connection:
        row = await connection.exec_driver_sql("SELECT max(template) AS name FROM coupon_templates")
        return str(row.one().name)
