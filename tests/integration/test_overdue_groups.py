"""Groups whose time is over and whose run somebody ended: whoever paid does not wait for ever (R-TYPE-5, W3)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import update

from ordersaga.persistence.tables.groups import groups
from tests.integration.group_stand import HOUR, GroupStand
from tests.integration.order_stand import QUEUE, OrderStand
from worker.groups import OverdueGroups
from worker.main import beside


@asynccontextmanager
async def looked_after(stand: GroupStand) -> AsyncIterator[None]:
    """By two workers at once."""
    orders = stand.orders
    loops = [OverdueGroups(orders.database, orders.client, task_queue=QUEUE, interval=0.05).run() for _ in range(2)]
    async with beside(*loops, ended=lambda: None):
        yield


async def is_over(stand: GroupStand, code: str) -> None:
    times = {"opened_at": groups.c.opened_at - 2 * HOUR, "expires_at": groups.c.expires_at - 2 * HOUR}
    async with stand.orders.database.transaction() as connection:
        await connection.execute(update(groups).where(groups.c.group_code == code).values(times))


async def test_a_full_group_without_a_run_is_decided_when_its_time_is_over(order_stand: OrderStand) -> None:
    stand = await GroupStand.of(order_stand)
    async with stand.delivering():
        code, (paid, _) = await stand.opened(await stand.campaign(), "lea", "bob")
        await stand.pays(paid)
        await stand.begun(code)
        await stand.run(code).terminate("by mistake")
        await is_over(stand, code)
        async with looked_after(stand):
            assert (await stand.ended(paid))[-2:] == ["expire_group", "finish_refund"]
    ((_, reason, state),) = await stand.paid_back(paid)
    assert (reason, state) == ("group_expired", "succeeded")
