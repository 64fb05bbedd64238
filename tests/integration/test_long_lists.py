"""Lists of orders, parcels and cases, among thousands: the right ones, each once, and few are looked at."""

import itertools
import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from devstack.stack import Stack
from ordersaga.domain.after_sales.case import Kind
from ordersaga.domain.lifecycle.after_sales import CaseState
from ordersaga.domain.lifecycle.parcel import OPEN, ParcelState
from ordersaga.persistence import after_sales, order_lists, parcel_lists
from ordersaga.persistence.after_sales import CaseFilter
from ordersaga.persistence.database import Database
from ordersaga.persistence.order_lists import OrderFilter
from ordersaga.persistence.parcel_lists import ParcelFilter
from ordersaga.persistence.tables.after_sales import after_sales_cases
from ordersaga.persistence.tables.order_lists import listed_orders
from ordersaga.persistence.tables.orders import order_lines, orders
from ordersaga.persistence.tables.parcels import parcels
from tests.integration.order_worker import own_database

_ORDERS = 3000
_TYPES = {"standard": 97, "flash_sale": 2, "presale": 1}
_STATES = {"completed": 80, "cancelled": 10, "in_production": 5, "shipped": 4, "refunded": 1}
_MERCHANTS = {"large": 90, "middle": 9, "small": 1}
_WAREHOUSES = {"north": 95, "south": 4, "shed": 1}
_PARCELS = {ParcelState.DELIVERED: 90, ParcelState.CREATED: 8, ParcelState.LOST: 2}
_KINDS = {Kind.RETURN: 97, Kind.EXCHANGE: 3}
_CASES = {CaseState.REFUNDED: 90, CaseState.REQUESTED: 10}
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_LOOKED_AT = text("""
    SELECT coalesce(sum(seq_scan), 0)::int AS whole, coalesce(sum(idx_tup_fetch), 0)::int AS rows
    FROM pg_stat_xact_user_tables
    WHERE relname IN ('orders', 'order_lines', 'listed_orders', 'parcels', 'after_sales_cases')
""")
_PAGE = 10
_MOST = 16 * _PAGE
"""Rows that a page may look at: of each state of a type as many as it gives, and those with their lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    order_no: str
    order_type: str
    buyer: str
    state: str
    placed_at: datetime
    merchants: Sequence[str]
    parcels: Sequence[tuple[str, str, ParcelState]]
    """Merchant, warehouse and state of each."""
    case: tuple[Kind, CaseState]

    def numbered(self) -> Iterable[tuple[str, str, str, ParcelState]]:
        for sequence, parcel in enumerate(self.parcels, 1):
            yield f"{self.order_no}-{sequence}", *parcel


@dataclass(frozen=True, slots=True)
class LongLists:
    database: Database
    stored: Sequence[Stored]

    async def numbers(self, wanted: OrderFilter, limit: int, most: int) -> list[str]:
        """The numbers of the first orders, page by page."""
        found: list[str] = []
        before: tuple[datetime, str] | None = None
        async with self.database.transaction() as connection:
            while len(found) < most:
                page = await order_lists.page(connection, wanted, before=before, limit=limit)
                found += [order.order_no for order in page]
                if len(page) < limit:
                    break
                before = page[-1].placed_at, page[-1].order_no
        return found

    def expected(self, is_wanted: Callable[[Stored], bool]) -> list[str]:
        ordered = sorted(self.stored, key=lambda order: (order.placed_at, order.order_no), reverse=True)
        return [order.order_no for order in ordered if is_wanted(order)]


@pytest.fixture(scope="module")
async def lists(stack: Stack) -> AsyncIterator[LongLists]:
    settings = await own_database(stack.addresses, "long_lists")
    database = Database(settings.database_driver_url)
    lists = LongLists(database, _many())
    async with database.transaction() as connection:
        await _store(connection, lists.stored)
    async with database.statements() as connection:
        await connection.execute(text("ANALYZE"))
    yield lists
    await database.close()


def _many() -> Sequence[Stored]:
    """Several are placed at the same moment, have lines of several merchants, or several parcels of a warehouse."""
    chance = random.Random(19)

    def of(shares: dict[Any, int], count: int = 1) -> list[Any]:
        return chance.choices(list(shares), list(shares.values()), k=count)

    return [
        Stored(
            order_no=f"O-{chance.randrange(10**9):09}-{number}",
            order_type=of(_TYPES)[0],
            buyer=f"buyer-{number % 300}",
            state=of(_STATES)[0],
            placed_at=_BEGIN + timedelta(minutes=number // 3),
            merchants=(merchants := of(_MERCHANTS, chance.choice([1, 1, 1, 2, 3]))),
            parcels=[(chance.choice(merchants), of(_WAREHOUSES)[0], of(_PARCELS)[0]) for _ in range(number % 4)],
            case=(of(_KINDS)[0], of(_CASES)[0]),
        )
        for number in range(_ORDERS)
    ]


async def _store(connection: AsyncConnection, stored: Sequence[Stored]) -> None:
    amounts = dict.fromkeys(("goods", "discount", "points", "shipping", "tax", "payable", "due_now"), 0)
    await connection.execute(
        insert(orders),
        [
            amounts
            | {"order_no": order.order_no, "order_type": order.order_type, "buyer": order.buyer, "state": order.state}
            | {"table_version": 1, "policy_version": 1, "currency": "TWD", "shipping_option": "standard"}
            | dict.fromkeys(("placed_at", "payment_due_at", "updated_at"), order.placed_at)
            for order in stored
        ],
    )
    zero = dict.fromkeys(("unit_price", "amount", "payable", "shipping", "weight_g", "volume_mm3"), 0)
    goods = zero | {"sku": "TEA", "name": "Tea", "attributes": {}, "quantity": 1, "transport_class": "ordinary"}
    await connection.execute(
        insert(order_lines),
        [
            goods | {"order_no": order.order_no, "line_no": line_no, "merchant_id": merchant}
            for order in stored
            for line_no, merchant in enumerate(order.merchants, 1)
        ],
    )
    parcel = {"transport_class": "ordinary", "weight_g": 0, "volume_mm3": 0, "updated_at": _BEGIN}
    await connection.execute(
        insert(parcels),
        [
            parcel
            | {"parcel_no": number, "order_no": order.order_no, "sequence": sequence, "merchant_id": merchant}
            | {"warehouse_id": warehouse, "state": state}
            for order in stored
            for sequence, (number, merchant, warehouse, state) in enumerate(order.numbered(), 1)
        ],
    )
    case = {"sequence": 1, "reason": "defective", "fault": "seller", "table_version": 1, "updated_at": _BEGIN}
    await connection.execute(
        insert(after_sales_cases),
        [
            case
            | {"case_no": f"{order.order_no}-A1", "order_no": order.order_no, "merchant_id": order.merchants[0]}
            | {"kind": order.case[0], "state": order.case[1], "opened_at": order.placed_at}
            | {"opened_by_role": "buyer", "opened_by": order.buyer}
            for order in stored
        ],
    )


_NARROWED = [
    (kind, states)
    for kind in (None, "standard", "presale", "unknown")
    for states in (None, {"completed"}, {"refunded"}, {"in_production", "shipped", "paid"})
]


@pytest.mark.parametrize("whose", ["large", "small", "north", "shed", "nobody", "all", "buyer-7"])
async def test_a_list_gives_each_order_once_and_the_newest_first(lists: LongLists, whose: str) -> None:
    wanted = OrderFilter(
        merchant_id=whose if whose in (*_MERCHANTS, "nobody") else None,
        warehouse_id=whose if whose in _WAREHOUSES else None,
        buyer=whose if whose.startswith("buyer") else None,
    )
    for kind, states in _NARROWED:
        expected = lists.expected(
            lambda order, kind=kind, states=states: (  # type: ignore[misc]
                (whose == "all" or whose in (order.buyer, *order.merchants, *(parcel[1] for parcel in order.parcels)))
                and kind in (None, order.order_type)
                and (states is None or order.state in states)
            )
        )
        narrowed = OrderFilter(
            **{name: getattr(wanted, name) for name in ("buyer", "merchant_id", "warehouse_id")},
            order_type=kind,
            states=states if states is None else frozenset(states),
        )
        assert await lists.numbers(narrowed, limit=_PAGE, most=3 * _PAGE) == expected[: 3 * _PAGE], (kind, states)


@pytest.mark.parametrize(
    ("wanted", "is_wanted"),
    [
        (ParcelFilter(), lambda parcel: True),
        (ParcelFilter(merchant_id="small"), lambda parcel: parcel[1] == "small"),
        (ParcelFilter(warehouse_id="shed", open_only=True), lambda parcel: parcel[2] == "shed" and parcel[3] in OPEN),
        (ParcelFilter(state=ParcelState.LOST), lambda parcel: parcel[3] == "lost"),
        (ParcelFilter(state=ParcelState.DELIVERED, open_only=True), lambda parcel: False),
        (ParcelFilter(order_no="O-x", open_only=True), lambda parcel: False),
    ],
)
async def test_a_list_gives_each_parcel_once_and_by_number(
    lists: LongLists, wanted: ParcelFilter, is_wanted: Callable[[tuple[Any, ...]], bool]
) -> None:
    every = itertools.chain.from_iterable(order.numbered() for order in lists.stored)
    expected = sorted(parcel[0] for parcel in every if is_wanted(parcel))[:50]
    async with lists.database.transaction() as connection:
        first = await parcel_lists.page(connection, wanted, after="", limit=20)
        after = first[-1].parcel_no if first else ""
        second = await parcel_lists.page(connection, wanted, after=after, limit=30) if first else []
    assert [parcel.parcel_no for parcel in (*first, *second)] == expected


@pytest.mark.parametrize("whose", ["large", "small", "all", "buyer-7"])
@pytest.mark.parametrize("kind", [None, Kind.EXCHANGE, Kind.CANCELLATION])
@pytest.mark.parametrize("state", [None, CaseState.REQUESTED])
async def test_a_list_gives_the_newest_cases_first(
    lists: LongLists, whose: str, kind: Kind | None, state: CaseState | None
) -> None:
    expected = lists.expected(
        lambda order: (
            whose in ("all", order.buyer, order.merchants[0])
            and kind in (None, order.case[0])
            and state in (None, order.case[1])
        )
    )
    wanted = CaseFilter(
        merchant_id=whose if whose in _MERCHANTS else None,
        buyer=whose if whose.startswith("buyer") else None,
        kind=kind,
        states=None if state is None else frozenset({state}),
    )
    async with lists.database.transaction() as connection:
        async with _looking_at_few(connection, {"whose": whose, "kind": kind, "state": state}):
            first = await after_sales.page(connection, wanted, before=None, limit=_PAGE)
        last = (first[-1].opened_at, first[-1].case_no) if first else (_BEGIN, "")
        second = await after_sales.page(connection, wanted, before=last, limit=_PAGE)
    assert [case.order_no for case in (*first, *second)] == expected[: 2 * _PAGE]


async def test_a_page_looks_at_few_however_many_there_are(lists: LongLists) -> None:
    whose: list[dict[str, Any]] = [{}, *({"merchant_id": name} for name in _MERCHANTS)]
    whose += [{"warehouse_id": name} for name in _WAREHOUSES]
    which: list[dict[str, Any]] = [{}, {"order_type": "presale"}]
    which += [{"states": frozenset({state})} for state in ("refunded", "completed")]
    async with lists.database.transaction() as connection:
        for narrowed in (one | other for one, other in itertools.product(whose, which)):
            async with _looking_at_few(connection, narrowed):
                await order_lists.page(connection, OrderFilter(**narrowed), before=None, limit=_PAGE)
        for narrowed in (*whose, *(one | {"open_only": True} for one in whose)):
            async with _looking_at_few(connection, narrowed):
                await parcel_lists.page(connection, ParcelFilter(**narrowed), after="", limit=_PAGE)


@asynccontextmanager
async def _looking_at_few(connection: AsyncConnection, asked: dict[str, Any]) -> AsyncIterator[None]:
    before = (await connection.execute(_LOOKED_AT)).one()
    yield
    after = (await connection.execute(_LOOKED_AT)).one()
    whole, rows = after.whole - before.whole, after.rows - before.rows
    assert (whole, rows <= _MOST) == (0, True), f"{asked}: {whole} tables were looked through, and {rows} rows"


async def test_lists_follow_what_becomes_of_an_order(lists: LongLists) -> None:
    order = next(order for order in lists.stored if {"large", "small"} == set(order.merchants) and order.parcels)
    warehouses = {warehouse for _, warehouse, _ in order.parcels}
    whose = [*({"merchant_id": name} for name in order.merchants), *({"warehouse_id": name} for name in warehouses)]
    async with lists.database.engine.connect() as connection:
        await connection.execute(update(orders).where(orders.c.order_no == order.order_no).values(state="under_review"))
        for narrowed in (*whose, {}):
            wanted = OrderFilter(**narrowed, states=frozenset({"under_review"}))
            (found,) = await order_lists.page(connection, wanted, before=None, limit=2)
            assert found.order_no == order.order_no
        own = (order_lines.c.order_no == order.order_no) & (order_lines.c.merchant_id == "small")
        await connection.execute(delete(order_lines).where(own))
        listed = await connection.scalars(
            select(listed_orders.c.party).where(listed_orders.c.order_no == order.order_no)
        )
        assert sorted(listed) == sorted({"large", *warehouses})
        await connection.rollback()
