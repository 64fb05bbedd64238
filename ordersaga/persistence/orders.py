"""Orders: written once at submit, read in many ways (R-ORD-1)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Text, any_, bindparam, delete, exists, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.catalogue import Address, StockPolicy
from ordersaga.domain.errors import NotFound
from ordersaga.domain.lifecycle.registry import order_type
from ordersaga.domain.lifecycle.table import Machine
from ordersaga.domain.pricing.quote import PricedLine, PricedOrder, Totals, line_from_document, line_to_document
from ordersaga.persistence.tables.orders import order_lines, orders, reviews
from ordersaga.persistence.tables.parcels import parcels
from ordersaga.persistence.tables.payments import payments
from ordersaga.persistence.tables.refunds import refunds

_IS_NAMED = orders.c.order_no == bindparam("order_no")
_WHOLE = select(orders).where(_IS_NAMED)
_WHOLE_LOCKED = _WHOLE.with_for_update()
_LINES = (
    select(order_lines)
    .where(order_lines.c.order_no == any_(bindparam("order_nos", type_=ARRAY(Text))))
    .order_by(order_lines.c.line_no)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as it stands. Amounts are minor units of `currency`."""

    order_no: str
    order_type: str
    buyer: str
    state: str
    table_version: int
    policy_version: int
    currency: str
    shipping_option: str
    totals: Totals
    receiver: Address | None
    campaign: str | None
    sale: Mapping[str, Any] | None
    lines: tuple[PricedLine, ...]
    placed_at: datetime
    payment_due_at: datetime
    after_sales_until: datetime | None
    delivery_note: str | None
    replaces: str | None
    updated_at: datetime


async def add(
    connection: AsyncConnection,
    *,
    order_no: str,
    buyer: str,
    state: str,
    table_version: int,
    policy_version: int,
    priced: PricedOrder,
    receiver: Address | None,
    placed_at: datetime,
    payment_due_at: datetime,
    delivery_note: str | None = None,
) -> None:
    await connection.execute(
        insert(orders).values(
            order_no=order_no,
            order_type=priced.order_type,
            buyer=buyer,
            state=state,
            table_version=table_version,
            policy_version=policy_version,
            currency=priced.currency,
            shipping_option=priced.shipping_option,
            receiver=asdict(receiver) if receiver else None,
            campaign=priced.campaign,
            sale=priced.sale,
            replaces=priced.replaces,
            placed_at=placed_at,
            payment_due_at=payment_due_at,
            updated_at=placed_at,
            delivery_note=delivery_note,
            **asdict(priced.totals),
        )
    )
    await _add_lines(connection, order_no, priced)


async def rewrite(connection: AsyncConnection, order_no: str, priced: PricedOrder, at: datetime) -> None:
    """Let an order that is not paid yet be of this price, with these lines, from now on."""
    totals = {**asdict(priced.totals), "shipping_option": priced.shipping_option}
    await connection.execute(update(orders).where(orders.c.order_no == order_no).values(**totals, updated_at=at))
    await connection.execute(delete(order_lines).where(order_lines.c.order_no == order_no))
    await _add_lines(connection, order_no, priced)


async def _add_lines(connection: AsyncConnection, order_no: str, priced: PricedOrder) -> None:
    await connection.execute(
        insert(order_lines), [{"order_no": order_no, **line_to_document(line)} for line in priced.lines]
    )


async def get(connection: AsyncConnection, order_no: str, *, lock: bool = False) -> Order | None:
    row = (await connection.execute(_WHOLE_LOCKED if lock else _WHOLE, {"order_no": order_no})).one_or_none()
    if row is None:
        return None
    lines = await lines_of(connection, [order_no])
    return of_row(row, lines[order_no])


@dataclass(frozen=True, slots=True)
class Contents:
    """What there is of an order beside its lines, so that nobody asks for what is not there."""

    payments: bool
    refunds: bool
    parcels: bool
    reviews: bool


_CONTENTS = tuple(
    exists().where(table.c.order_no == orders.c.order_no).label(f"has_{table.name}")
    for table in (payments, refunds, parcels, reviews)
)


_WITH_CONTENTS = select(orders, *_CONTENTS).where(_IS_NAMED)


async def get_with_contents(connection: AsyncConnection, order_no: str) -> tuple[Order, Contents] | None:
    row = (await connection.execute(_WITH_CONTENTS, {"order_no": order_no})).one_or_none()
    if row is None:
        return None
    lines = await lines_of(connection, [order_no])
    return of_row(row, lines[order_no]), Contents(*row[-len(_CONTENTS) :])


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose an order is and where it stands, without its lines."""

    order_type: str
    buyer: str
    state: str
    table_version: int
    policy_version: int
    payment_due_at: datetime
    payable: int
    due_now: int
    currency: str
    campaign: str | None
    placed_at: datetime
    after_sales_until: datetime | None

    @property
    def machine(self) -> Machine:
        """The table that the order is pinned to."""
        return order_type(self.order_type).version(self.table_version)


_STANDING = select(*(orders.c[field.name] for field in fields(Standing))).where(_IS_NAMED)
_STANDING_LOCKED = _STANDING.with_for_update()
_STANDING_TO_PAY = _STANDING.add_columns(
    exists().where(
        (order_lines.c.order_no == orders.c.order_no) & (order_lines.c.stock_policy == StockPolicy.DEDUCT_AT_PAYMENT)
    )
).with_for_update(of=orders)


async def standing(connection: AsyncConnection, order_no: str, *, lock: bool = False) -> Standing | None:
    """Where an order stands; with `lock`, until the transaction ends."""
    query = _STANDING_LOCKED if lock else _STANDING
    row = (await connection.execute(query, {"order_no": order_no})).one_or_none()
    return None if row is None else Standing(**row._mapping)


async def known(connection: AsyncConnection, order_no: str, *, lock: bool = False) -> Standing:
    """`standing` of an order that is there. Raises `NotFound`."""
    found = await standing(connection, order_no, lock=lock)
    if found is None:
        raise NotFound("there is no such order", order_no=order_no)
    return found


async def whole(connection: AsyncConnection, order_no: str, *, lock: bool = False) -> Order:
    """An order that is there, with its lines. Raises `NotFound`."""
    found = await get(connection, order_no, lock=lock)
    if found is None:
        raise NotFound("there is no such order", order_no=order_no)
    return found


async def standing_to_pay(connection: AsyncConnection, order_no: str) -> tuple[Standing, bool] | None:
    """Where an order stands, until the transaction ends, and whether units of it are deducted when it is paid."""
    row = (await connection.execute(_STANDING_TO_PAY, {"order_no": order_no})).one_or_none()
    return None if row is None else (Standing(*row[:-1]), row[-1])


async def lines_of(connection: AsyncConnection, order_nos: Iterable[str]) -> Mapping[str, tuple[PricedLine, ...]]:
    found: defaultdict[str, list[PricedLine]] = defaultdict(list)
    for row in await connection.execute(_LINES, {"order_nos": list(order_nos)}):
        found[row.order_no].append(_line(row))
    return defaultdict(tuple, {order_no: tuple(lines) for order_no, lines in found.items()})


async def set_receiver(connection: AsyncConnection, order_no: str, receiver: Address, at: datetime) -> None:
    await connection.execute(
        update(orders).where(orders.c.order_no == order_no).values(receiver=asdict(receiver), updated_at=at)
    )


async def set_delivery_note(connection: AsyncConnection, order_no: str, note: str | None, at: datetime) -> None:
    await connection.execute(
        update(orders).where(orders.c.order_no == order_no).values(delivery_note=note, updated_at=at)
    )


def of_row(row: Row[Any], lines: tuple[PricedLine, ...]) -> Order:
    """A row with all columns of `orders`, and its lines."""
    return Order(
        order_no=row.order_no,
        order_type=row.order_type,
        buyer=row.buyer,
        state=row.state,
        table_version=row.table_version,
        policy_version=row.policy_version,
        currency=row.currency,
        shipping_option=row.shipping_option,
        totals=Totals(**{field.name: getattr(row, field.name) for field in fields(Totals)}),
        receiver=Address(**row.receiver) if row.receiver else None,
        campaign=row.campaign,
        sale=row.sale,
        lines=lines,
        placed_at=row.placed_at,
        payment_due_at=row.payment_due_at,
        after_sales_until=row.after_sales_until,
        delivery_note=row.delivery_note,
        replaces=row.replaces,
        updated_at=row.updated_at,
    )


def _line(row: Row[Any]) -> PricedLine:
    return line_from_document({field.name: getattr(row, field.name) for field in fields(PricedLine)})
