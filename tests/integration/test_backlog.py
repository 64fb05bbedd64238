"""Gauges of what waits: reports nobody was told of, orders past their deadline, runs that cannot go on (W4)."""

from datetime import UTC, datetime, timedelta

from prometheus_client import Gauge
from sqlalchemy import update

from ordersaga.domain.payment import PaymentState
from ordersaga.persistence.tables.orders import orders
from tests.integration.order_runs import PATIENCE
from tests.integration.order_stand import OrderStand
from tests.integration.presale_stand import PresaleStand
from tests.shop import until
from tests.troubled_run import troubled_run
from worker import backlog
from worker.backlog import Backlog


def value(gauge: Gauge) -> float:
    (family,) = gauge.collect()
    return sum(sample.value for sample in family.samples)


async def is_overdue(stand: OrderStand, order_no: str) -> None:
    async with stand.database.transaction() as connection:
        past = datetime.now(UTC) - timedelta(minutes=5)
        await connection.execute(update(orders).where(orders.c.order_no == order_no).values(payment_due_at=past))


async def test_what_waits_is_shown_with_its_age(order_stand: OrderStand) -> None:
    waiting = Backlog(order_stand.database, order_stand.client, interval=0)
    await waiting.refresh()
    reports, overdue = value(backlog.REPORTS), value(backlog.OVERDUE)
    order_no = await order_stand.placed((await order_stand.shelves(), 1))
    await order_stand.hears(await order_stand.attempt(order_no), PaymentState.SUCCEEDED)
    await is_overdue(order_stand, order_no)
    await waiting.refresh()
    assert (value(backlog.REPORTS), value(backlog.OVERDUE)) == (reports + 1, overdue + 1)
    assert value(backlog.OLDEST_REPORT) >= 60
    assert value(backlog.OLDEST_EVENT) > 0
    assert value(backlog.EVENTS) >= 1
    assert value(backlog.ORDERS) >= 1
    assert value(backlog.READ_AT) > 0


async def test_a_balance_that_is_overdue_is_shown_too(order_stand: OrderStand) -> None:
    waiting = Backlog(order_stand.database, order_stand.client, interval=0)
    presales = await PresaleStand.of(order_stand)
    order_no = await presales.opened(await order_stand.shelves())
    await waiting.refresh()
    overdue = value(backlog.OVERDUE)
    await is_overdue(order_stand, order_no)
    await waiting.refresh()
    assert value(backlog.OVERDUE) == overdue + 1


async def test_runs_whose_tasks_fail_again_and_again_are_shown(order_stand: OrderStand) -> None:
    waiting = Backlog(order_stand.database, order_stand.client, interval=0)
    await troubled_run(order_stand.client)

    async def troubled() -> float:
        await waiting.refresh()
        return value(backlog.TROUBLED_RUNS)

    await until(troubled, lambda runs: runs >= 1, PATIENCE)


async def test_nobody_is_asked_again_so_soon(order_stand: OrderStand) -> None:
    waiting = Backlog(order_stand.database, order_stand.client, interval=3600)
    await waiting.refresh()
    before = value(backlog.EVENTS)
    await order_stand.placed((await order_stand.shelves(), 1))
    await waiting.refresh()
    assert value(backlog.EVENTS) == before
