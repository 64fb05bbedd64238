"""What orders hold of digital goods: one row per order that says how far it is (R-TYPE-4)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.catalogue import Delivery
from ordersaga.domain.codes import CodeDemand, HoldState
from ordersaga.domain.errors import PlacingTimedOut
from ordersaga.persistence import codes, entitlements
from ordersaga.persistence.tables.catalogue import skus
from ordersaga.persistence.tables.codes import digital_holds


async def hold(connection: AsyncConnection, order_no: str, demands: Sequence[CodeDemand], at: datetime) -> None:
    """Hold codes and note what is to be granted, all or nothing, once.

    Raises `OutOfStock`; `PlacingTimedOut` after a release.
    """
    first = await connection.scalar(
        insert(digital_holds)
        .values(order_no=order_no, state=HoldState.HELD)
        .on_conflict_do_nothing()
        .returning(digital_holds.c.order_no)
    )
    if first is None:
        if await standing(connection, order_no) is HoldState.RELEASED:
            raise PlacingTimedOut("what this order held was given back already")
        return
    coded, granted = await _by_delivery(connection, demands)
    if coded:
        await codes.take(connection, order_no, coded)
    await entitlements.promise(connection, order_no, granted, at)


async def deliver(connection: AsyncConnection, order_no: str) -> None:
    """The codes are the buyer's from now on."""
    await _change(connection, order_no, HoldState.HELD, HoldState.DELIVERED)
    await codes.sell(connection, order_no)


async def release(connection: AsyncConnection, order_no: str) -> None:
    """Give back what an order holds; before its hold this leaves a tombstone, after it a second time nothing."""
    statement = insert(digital_holds).values(order_no=order_no, state=HoldState.RELEASED)
    changed = await connection.scalar(
        statement.on_conflict_do_update(
            index_elements=["order_no"],
            set_={"state": HoldState.RELEASED},
            where=digital_holds.c.state != HoldState.RELEASED,
        ).returning(digital_holds.c.order_no)
    )
    if changed is not None:
        await codes.give_back(connection, order_no)


async def standing(connection: AsyncConnection, order_no: str) -> HoldState | None:
    state = await connection.scalar(select(digital_holds.c.state).where(digital_holds.c.order_no == order_no))
    return None if state is None else HoldState(state)


async def begin_return(connection: AsyncConnection, order_no: str, number: int) -> None:
    """Nothing is revealed any more, unless the order's return of this number ended before."""
    here = (digital_holds.c.order_no == order_no) & (digital_holds.c.returns < number)
    await connection.execute(
        update(digital_holds)
        .where(here & (digital_holds.c.state == HoldState.DELIVERED))
        .values(state=HoldState.RETURNING, returns=number)
    )


async def end_return(connection: AsyncConnection, order_no: str) -> None:
    """The buyer keeps what was delivered."""
    await _change(connection, order_no, HoldState.RETURNING, HoldState.DELIVERED)


async def is_given_back(connection: AsyncConnection, order_no: str) -> bool:
    """Whether what an order held was released, for good."""
    return await standing(connection, order_no) is HoldState.RELEASED


async def _change(connection: AsyncConnection, order_no: str, current: HoldState, wanted: HoldState) -> None:
    here = (digital_holds.c.order_no == order_no) & (digital_holds.c.state == current)
    await connection.execute(update(digital_holds).where(here).values(state=wanted))


async def _by_delivery(
    connection: AsyncConnection, demands: Sequence[CodeDemand]
) -> tuple[list[CodeDemand], list[CodeDemand]]:
    """What codes are wanted for, and what a provider is to grant."""
    wanted = {demand.sku for demand in demands}
    granted = set(
        await connection.scalars(
            select(skus.c.sku).where(skus.c.sku.in_(wanted) & (skus.c.delivery == Delivery.ENTITLEMENT))
        )
    )
    coded = [demand for demand in demands if demand.sku not in granted]
    return coded, [demand for demand in demands if demand.sku in granted]
