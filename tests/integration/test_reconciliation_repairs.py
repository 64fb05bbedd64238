"""What comparing the books finds is repaired where that is safe, and looked for by a schedule."""

import pytest
from temporalio.client import ScheduleActionExecutionStartWorkflow, WorkflowExecutionStatus

from cli.reconcile import Outcome, repair
from ordersaga.contracts.search_attributes import ORDER_STATUS
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.messages import (
    SETTLE_REFUND,
    ReconciliationOutcome,
    order_workflow_id,
    parcel_workflow_id,
    refund_workflow_id,
)
from ordersaga.domain.payment import PaymentState
from ordersaga.domain.reconciliation import ItemState, Kind
from ordersaga.domain.refund import number_of, source_of
from ordersaga.gateways.payment.provider import ProviderUnavailable
from ordersaga.gateways.runs import OpenRuns
from ordersaga.persistence import reconciliation
from tests.goods import twd
from tests.integration.books_stand import BooksStand, kinds
from tests.integration.order_runs import PATIENCE, result_of
from tests.integration.order_stand import OPERATOR
from tests.shop import until
from worker.reconciliation import SCHEDULE, keep_schedule

pytestmark = pytest.mark.timeout(240)


async def test_a_run_that_was_ended_goes_on_where_it_was(bookshop: BooksStand) -> None:
    shop, orders = bookshop, bookshop.orders
    sku = await orders.shelves()
    number, sent = [await orders.placed((sku, 1)) for _ in range(2)]
    await shop.terminates(order_workflow_id(number))
    await shop.pays(sent)
    parcel_nos = await orders.split_parcels(sent)
    await shop.terminates(order_workflow_id(sent))
    third = await orders.placed((sku, 1))
    await shop.pays(third)
    (lost,) = await orders.split_parcels(third)
    await orders.carries(lost, ParcelState.IN_TRANSIT, ParcelState.LOST)
    await until(lambda: orders.parcel_state(lost), lambda state: state is ParcelState.LOST, PATIENCE)
    await orders.until(third, "shipped")  # the parcel's run has told of it
    await shop.terminates(parcel_workflow_id(lost))
    wrong = await orders.attempt(await orders.placed((sku, 1)))
    orders.provider.refusals[wrong.payment_id].append(RefundState.SENT)
    await orders.reports(wrong, amount=twd(1))
    shop.states(wrong, twd(1))
    refund_no, run = number_of(source_of(wrong.payment_id)), refund_workflow_id(wrong.payment_id)
    await until(lambda: shop.refund(refund_no), lambda refund: refund is not None and refund.state == "sent", PATIENCE)
    await shop.terminates(run)

    before = {item.item_id for item in await shop.items()}
    await shop.look()
    fresh = [item for item in await shop.items() if item.item_id not in before]
    assert {(item.kind, item.subject) for item in fresh} == {
        (Kind.ORDER_WITHOUT_RUN, number),
        (Kind.ORDER_WITHOUT_RUN, sent),
        (Kind.REFUND_WITHOUT_RUN, refund_no),
        (Kind.PARCEL_WITHOUT_RUN, lost),
    }
    for item in fresh:
        await shop.repair(item.kind, item.subject)
    await shop.pays(number)
    for parcel_no in parcel_nos:
        await orders.carries(parcel_no, ParcelState.HANDED_OVER, ParcelState.DELIVERED)
    await orders.until(sent, "delivered")
    for parcel_no in parcel_nos:
        await result_of(orders.client.get_workflow_handle(parcel_workflow_id(parcel_no)))
    orders.provider.ends[f"{refund_no}.1"] = RefundState.SUCCEEDED
    shop.states_refund(wrong, f"{refund_no}.1", twd(1))
    taken = (Kind.REFUND_NOT_TAKEN_NOTE_OF, refund_no)
    assert taken in kinds(await shop.look())
    await shop.repair(*taken)
    await result_of(orders.client.get_workflow_handle(run))
    assert {item.item_id for item in await shop.items()} - before == set()
    described = await orders.client.get_workflow_handle(parcel_workflow_id(lost)).describe()
    assert described.status is WorkflowExecutionStatus.RUNNING


async def test_an_order_whose_run_was_away_while_its_parcels_ended_hears_of_it(bookshop: BooksStand) -> None:
    """Parcels' runs have nobody to tell then, and end; or one is ended itself before it has told anybody."""
    shop, orders = bookshop, bookshop.orders
    sku = await orders.shelves()
    away, by_hand = [await orders.placed((sku, 1)) for _ in range(2)]
    for order_no in (away, by_hand):
        await shop.pays(order_no)
        (parcel_no,) = await orders.split_parcels(order_no)
        await orders.carries(parcel_no, ParcelState.HANDED_OVER)
        run = orders.run(order_no)
        await until(run.describe, lambda seen: seen.typed_search_attributes[ORDER_STATUS] == "shipped", PATIENCE)
        await shop.terminates(run.id)
        await orders.carries(parcel_no, ParcelState.DELIVERED)
        await result_of(orders.client.get_workflow_handle(parcel_workflow_id(parcel_no)))
    await OpenRuns(orders.client, orders.queue).take_up(order_workflow_id(by_hand))
    silent = await orders.placed((sku, 1))
    await shop.pays(silent)
    (parcel_no,) = await orders.split_parcels(silent)
    orders.outages.before[parcel_workflow_id(parcel_no), "ship_stock"] = 99
    await orders.carries(parcel_no, ParcelState.DELIVERED)
    await until(lambda: orders.parcel_state(parcel_no), lambda state: state is ParcelState.DELIVERED, PATIENCE)
    await shop.terminates(parcel_workflow_id(parcel_no))

    untold = {(Kind.PARCEL_WITHOUT_RUN, f"{order_no}-1") for order_no in (by_hand, silent)}
    assert untold | {(Kind.ORDER_WITHOUT_RUN, away)} <= kinds(await shop.look())
    orders.outages.before[parcel_workflow_id(parcel_no), "ship_stock"] = 0
    await shop.repair(Kind.ORDER_WITHOUT_RUN, away)
    for item in untold:
        await shop.repair(*item)
    for order_no in (away, by_hand, silent):
        await orders.until(order_no, "delivered")
        assert (await orders.timeline(order_no))[-2:] == ["ship_last_parcel", "deliver_last_parcel"]
    assert not untold & kinds(await shop.look())


async def test_a_capture_that_nobody_heard_of_is_asked_about_and_money_paid_back_twice_is_told(
    bookshop: BooksStand,
) -> None:
    shop, orders = bookshop, bookshop.orders
    number = await orders.placed((await orders.shelves(), 1))
    silent = await orders.attempt(number)
    shop.states(silent)
    assert silent.payment_id in (await shop.look())[Kind.CAPTURE_UNKNOWN_HERE]
    orders.provider.told[silent.payment_id] = ProviderUnavailable("the provider is away")
    outcome = Outcome()
    await repair(shop.neighbours, Kind.CAPTURE_UNKNOWN_HERE, outcome)
    item = await shop.item(Kind.CAPTURE_UNKNOWN_HERE, silent.payment_id)
    assert "the provider is away" in outcome.repaired[item.item_id]
    assert item.state is ItemState.OPEN
    orders.provider.told[silent.payment_id] = PaymentState.SUCCEEDED
    await shop.repair(Kind.CAPTURE_UNKNOWN_HERE, silent.payment_id)
    await orders.until(number, "in_production")

    late = await orders.attempt(await orders.placed((await orders.shelves(), 1)))
    orders.provider.refusals[late.payment_id].append(RefundState.FAILED)
    await orders.reports(late, amount=twd(9))
    shop.states(late, twd(9))
    refund_no = number_of(source_of(late.payment_id))
    await until(
        lambda: shop.refund(refund_no), lambda refund: refund is not None and refund.state == "failed", PATIENCE
    )
    by = OPERATOR
    await orders.client.get_workflow_handle(refund_workflow_id(late.payment_id)).execute_update(SETTLE_REFUND, by)
    shop.states_refund(late, f"{refund_no}.1", twd(9))
    found = await shop.look()
    assert refund_no in found[Kind.REFUND_PAID_TWICE]
    assert (Kind.CAPTURE_UNKNOWN_HERE, silent.payment_id) not in kinds(found)
    with pytest.raises(ActionNotAllowed):
        await shop.repair(Kind.REFUND_PAID_TWICE, refund_no)


async def test_the_schedule_looks_at_everything_and_is_brought_up_to_date(bookshop: BooksStand) -> None:
    shop, client, queue = bookshop, bookshop.orders.client, bookshop.orders.queue
    try:
        for seconds in (3600.0, 7200.0):
            await keep_schedule(client, task_queue=queue, interval=seconds)
        handle = client.get_schedule_handle(SCHEDULE)
        known = (await handle.describe()).schedule
        assert [interval.every.total_seconds() for interval in known.spec.intervals] == [7200]
        await handle.trigger()
        ran = await until(handle.describe, lambda seen: bool(seen.info.recent_actions), PATIENCE)
        action = ran.info.recent_actions[-1].action
        assert isinstance(action, ScheduleActionExecutionStartWorkflow)
        run = client.get_workflow_handle(action.workflow_id, result_type=ReconciliationOutcome)
        outcome = await result_of(run)
        assert outcome.failed == []
        async with shop.database.transaction() as connection:
            assert {check.check for check in await reconciliation.checks(connection)} >= {"stock", "orders' runs"}
    finally:
        await keep_schedule(client, task_queue=queue, interval=None)
        await keep_schedule(client, task_queue=queue, interval=None)
