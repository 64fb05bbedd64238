"""Exchanges on the real stack: the replacement is kept, ordered, sent, and claimed on again (R-REV-6, R-TYPE-6)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text

from ordersaga.contracts.search_attributes import BUYER, MERCHANTS, ORDER_NO, ORDER_STATUS, ORDER_TYPE
from ordersaga.domain.after_sales.case import Kind, Reason
from ordersaga.domain.after_sales.replacement import replacement_no
from ordersaga.domain.after_sales.units import UnitFate
from ordersaga.domain.errors import ReplacementUnavailable
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.messages import CASE_CHANGED
from ordersaga.domain.policies import PRODUCTION
from ordersaga.domain.pricing.quote import Replaced
from ordersaga.persistence import orders, stock
from ordersaga.persistence.database import Database
from tests.integration.exchange_stand import ExchangeStand
from tests.integration.order_runs import PATIENCE
from tests.integration.order_stand import OPERATOR, OrderStand
from tests.integration.refund_stand import RefundStand
from tests.shop import until


@pytest.fixture
async def stand(order_stand: OrderStand) -> AsyncIterator[ExchangeStand]:
    refunds = RefundStand(order_stand)
    async with refunds.delivering():
        yield ExchangeStand(order_stand, refunds)


async def test_another_variant_is_kept_from_the_approval_on_and_sent_once_the_goods_are_back(
    stand: ExchangeStand,
) -> None:
    red, blue = [await stand.orders.shelves(merchant_id="m-variants") for _ in range(2)]
    order_no = await stand.orders.delivered((red, 2))
    await stand.orders.asks(order_no, "confirm_receipt")
    case = await stand.opens(order_no, Kind.EXCHANGE, replacements={1: blue})
    assert await stand.shelf(blue) == (100, 0, 0)
    await stand.returning(case)
    assert await stand.shelf(blue) == (100, 1, 0)
    stand.mute(case, "act_on_case")
    stand.may_not_be_placed(case)
    await stand.inspects(case, (1, 1, "sellable"))
    await stand.begins_again(case)
    assert await stand.ends(case) == CaseState.EXCHANGED

    sent = await stand.orders.until(replacement_no(case), "in_production")
    (line,) = sent.lines
    assert (sent.order_type, sent.replaces, sent.buyer) == ("exchange", case.case_no, "alice")
    assert (sent.totals.goods, sent.totals.discount, sent.totals.payable, line.payable) == (10_000, 10_000, 0, 0)
    assert sent.receiver == (await stand.orders.order(order_no)).receiver
    assert line.replaces == Replaced(order_no=order_no, line_no=1, units=(1,))
    assert (await stand.case(case)).replacement_order_no == sent.order_no
    # The database knows the state before Temporal does.
    described = await until(
        stand.orders.run(sent.order_no).describe,
        lambda run: run.typed_search_attributes[ORDER_STATUS] == "in_production",
        PATIENCE,
    )
    found = described.typed_search_attributes
    assert [found[key] for key in (ORDER_NO, BUYER, ORDER_TYPE)] == [sent.order_no, "alice", "exchange"]
    assert found[MERCHANTS] == ["m-variants"]

    await stand.arrives(sent.order_no)
    assert (await stand.shelf(red), await stand.shelf(blue)) == ((99, 0, 0), (99, 0, 0))
    assert await stand.fates(order_no) == {1: UnitFate.EXCHANGED}
    assert await stand.completes(sent.order_no) == "completed"
    assert await stand.expires(order_no) == "completed"
    assert (await stand.captured(order_no)).refunded == 0
    await stand.verifies(order_no, sent.order_no)


async def test_units_are_exchanged_again_and_money_for_them_comes_from_what_was_paid(stand: ExchangeStand) -> None:
    sku = await stand.orders.shelves()
    order_no = await stand.orders.delivered((sku, 3))
    first = await stand.opens(order_no, Kind.EXCHANGE, {1: 3})
    sent = await stand.exchanged(first, (1, 2, "defective"))
    assert await stand.shelf(sku) == (97, 2, 2)
    assert await stand.fates(order_no) == {1: UnitFate.EXCHANGED, 2: UnitFate.EXCHANGED}
    await stand.arrives(sent.order_no)

    second = await stand.opens(sent.order_no, Kind.EXCHANGE, {1: 2})
    sent_again = await stand.exchanged(second, (1, 2, "sellable"))
    assert sent_again.lines[0].replaces == Replaced(order_no=order_no, line_no=1, units=(1, 2))
    await stand.arrives(sent_again.order_no)
    assert await stand.shelf(sku) == (95, 0, 2)

    refund = await stand.opens(sent_again.order_no, Kind.REFUND, {1: 1}, reason=Reason.CHANGED_MIND)
    await stand.decides(refund)
    assert await stand.gives_back(refund) == 10_000
    rest = await stand.opens(order_no, Kind.REFUND, {1: 1})
    await stand.decides(rest)
    await stand.gives_back(rest)
    last = await stand.opens(sent_again.order_no, Kind.REFUND, {1: 1})
    await stand.decides(last)
    await stand.gives_back(last)
    captured = await stand.captured(order_no)
    assert captured.received is not None
    assert captured.refunded == captured.received.amount == 36_000
    await stand.verifies(order_no, sent.order_no, sent_again.order_no)
    await stand.orders.asks(sent_again.order_no, "confirm_receipt")
    assert await stand.orders.ends(sent_again.order_no) == "refunded"


async def test_a_replacement_whose_run_was_ended_before_it_was_placed_is_placed_once_its_case_looks_again(
    stand: ExchangeStand,
) -> None:
    sku = await stand.orders.shelves()
    case = await stand.opens(await stand.orders.delivered((sku, 1)), Kind.EXCHANGE)
    await stand.returning(case)
    stand.may_not_be_placed(case)
    await stand.inspects(case, (1, 1, "sellable"))
    await stand.is_being_placed(case)
    await stand.orders.run(replacement_no(case)).terminate()
    stand.may_be_placed(case)
    await stand.run(case).signal(CASE_CHANGED)
    assert await stand.ends(case) == CaseState.EXCHANGED
    await stand.orders.until(replacement_no(case), "in_production")
    assert await stand.shelf(sku) == (100, 1, 0)


async def test_a_claim_on_a_replacement_waits_for_the_order_that_was_paid_before_it_touches_a_shelf(
    stand: ExchangeStand,
) -> None:
    """Or else two claims at once, one on each order, would wait for one another."""
    sku = await stand.orders.shelves()
    order_no = await stand.orders.delivered((sku, 1))
    sent = await stand.exchanged(await stand.opens(order_no, Kind.EXCHANGE), (1, 1, "sellable"))
    await stand.arrives(sent.order_no)
    case = await stand.returning(await stand.opens(sent.order_no, Kind.RETURN))
    async with stand.orders.database.transaction() as connection:
        await orders.known(connection, order_no, lock=True)
        inspected = asyncio.create_task(stand.inspects(case, (1, 1, "sellable")))
        await until(partial(_count_waiting, stand.orders.database), bool, PATIENCE)
        await connection.execute(text("SELECT 1 FROM stock WHERE sku = :sku FOR UPDATE NOWAIT"), {"sku": sku})
    assert await inspected == CaseState.REFUNDING
    assert await stand.gives_back(case) > 0


async def _count_waiting(database: Database) -> int:
    async with database.transaction() as connection:
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%orders%'")
        return int(await connection.scalar(waiting) or 0)


async def test_a_replacement_that_ran_out_is_money_if_the_buyer_wants_and_nothing_if_not(stand: ExchangeStand) -> None:
    sku = await stand.orders.shelves(2)
    order_no = await stand.orders.delivered((sku, 2))
    willing, silent = [await stand.opens(order_no, Kind.EXCHANGE) for _ in range(2)]
    for case in (willing, silent):
        assert await stand.decides(case) == CaseState.AWAITING_CONSENT
        assert "replacement_out_of_stock" in await stand.told(case)
    assert await stand.says(willing, "consent") == CaseState.AWAITING_RETURN
    assert (await stand.case(willing)).kind is Kind.RETURN
    await stand.says(willing, "ship_back", carrier="black-cat", tracking_no="BC-1")
    await stand.inspects(willing, (1, 1, "sellable"))
    assert await stand.gives_back(willing) > 0
    await stand.passes(silent, timedelta(seconds=PRODUCTION.consent_seconds + 1))
    assert await stand.ends(silent) == CaseState.WITHDRAWN
    assert await stand.fates(order_no) == {1: UnitFate.REFUNDED}
    assert await stand.shelf(sku) == (1, 0, 0)


async def test_nothing_is_kept_for_an_exchange_that_ends_otherwise(stand: ExchangeStand) -> None:
    sku = await stand.orders.shelves()
    order_no = await stand.orders.delivered((sku, 3))
    withdrawn, forgotten, refused = [await stand.opens(order_no, Kind.EXCHANGE) for _ in range(3)]
    await stand.decides(withdrawn)
    await stand.decides(forgotten)
    await stand.returning(refused)
    assert await stand.shelf(sku) == (97, 3, 0)
    assert await stand.says(withdrawn, "withdraw") == CaseState.WITHDRAWN
    await stand.passes(forgotten, timedelta(seconds=PRODUCTION.return_seconds + 1))
    assert await stand.ends(forgotten) == CaseState.WITHDRAWN
    await stand.inspects(refused, (1, 0, "sellable"))
    await stand.says(refused, "escalate")
    assert await stand.shelf(sku) == (97, 1, 0)
    assert await stand.decides(refused, "reject", by=OPERATOR) == CaseState.CLOSED
    assert (await stand.shelf(sku), await stand.fates(order_no)) == ((97, 0, 0), {})


async def test_whoever_sent_goods_back_and_cannot_have_the_replacement_has_the_money(stand: ExchangeStand) -> None:
    sku = await stand.orders.shelves()
    order_no = await stand.orders.delivered((sku, 1))
    case = await stand.returning(await stand.opens(order_no, Kind.EXCHANGE))
    async with stand.orders.database.transaction() as connection:
        await stock.release(connection, replacement_no(case), datetime.now(UTC))
    await stand.inspects(case, (1, 1, "sellable"))
    await stand.until(case, CaseState.AWAITING_CONSENT)
    assert not await stand.orders.is_order(replacement_no(case))
    assert await stand.refusal(case, "withdraw") == "action_not_allowed"
    await stand.passes(case, timedelta(seconds=PRODUCTION.consent_seconds + 1))
    assert await stand.gives_back(case) == 16_000
    assert await stand.shelf(sku) == (100, 0, 0)


async def test_an_operator_who_upholds_an_exchange_has_the_replacement_sent_which_can_be_stopped(
    stand: ExchangeStand,
) -> None:
    sku = await stand.orders.shelves()
    order_no = await stand.orders.delivered((sku, 1))
    case = await stand.opens(order_no, Kind.EXCHANGE)
    await stand.decides(case, "reject")
    await stand.says(case, "escalate")
    assert await stand.decides(case, by=OPERATOR) == CaseState.AWAITING_RETURN
    assert await stand.shelf(sku) == (99, 1, 0)
    await stand.says(case, "ship_back", carrier="black-cat", tracking_no="BC-1")
    await stand.inspects(case, (1, 0, "defective"))
    await stand.says(case, "escalate")
    stand.away(case, "act_on_case")
    assert await stand.decides(case, by=OPERATOR) == CaseState.REPLACING
    assert await stand.ends(case) == CaseState.EXCHANGED

    sent = await stand.orders.until(replacement_no(case), "in_production")
    await stand.orders.split_parcels(sent.order_no)
    stopped = await stand.opens(sent.order_no, Kind.CANCELLATION, reason=Reason.CHANGED_MIND)
    assert await stand.gives_back(stopped) == 16_000
    assert await stand.orders.ends(sent.order_no) == "refunded"
    assert await stand.shelf(sku) == (99, 0, 0)
    await stand.verifies(order_no, sent.order_no)


async def test_a_replacement_costs_what_was_bought_costs_and_is_of_its_seller_and_kind(stand: ExchangeStand) -> None:
    sku = await stand.orders.shelves(merchant_id="m-alike")
    others = {
        "other_seller": await stand.orders.shelves(),
        "other_price": await stand.orders.shelves(merchant_id="m-alike", price=10_001),
        "other_kind": await stand.orders.shelves(merchant_id="m-alike", order_type="presale"),
        "unknown_sku": "NO-SUCH-SKU",
    }
    order_no = await stand.orders.delivered((sku, 1))
    for reason, other in others.items():
        with pytest.raises(ReplacementUnavailable) as refused:
            await stand.opens(order_no, Kind.EXCHANGE, replacements={1: other})
        assert refused.value.details["reason"] == reason
