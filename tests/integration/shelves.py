"""Shelves of a test's own: new SKUs in new warehouses, and what becomes of them."""

import asyncio
import itertools
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

from ordersaga.domain.catalogue import TransportClass
from ordersaga.domain.errors import OutOfStock
from ordersaga.domain.sourcing import Demand, Source
from ordersaga.domain.splitting import Parcel, ParcelLine
from ordersaga.persistence import catalogue, orders, parcel_stock, parcels, stock, stocktaking
from ordersaga.persistence.database import Database
from tests.goods import TAIPEI, cart, goods, priced, seller, warehouse

Done = TypeVar("Done")
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
LONGEST = 60.0
_CONNECTIONS = 18

_numbers = itertools.count(1)


async def together(work: Iterable[Coroutine[Any, Any, Done]]) -> list[Done]:
    """As much at once as there are connections for: whoever waits for one is refused after a while."""
    places = asyncio.Semaphore(_CONNECTIONS)

    async def bounded(one: Coroutine[Any, Any, Done]) -> Done:
        async with places:
            return await one

    async with asyncio.timeout(LONGEST):
        return list(await asyncio.gather(*(bounded(one) for one in work)))


@dataclass(frozen=True, slots=True)
class Shelves:
    """`skus` and `warehouses` are by the names that the test gives them."""

    database: Database
    mark: str

    @classmethod
    async def filled(cls, database: Database, **on_hand: Mapping[str, int]) -> Self:
        """SKU → warehouse → units. All SKUs are merchant `own`'s, of 500 g each."""
        shelves = cls(database, f"s{next(_numbers)}")
        places = sorted({place for by_place in on_hand.values() for place in by_place})
        async with database.transaction() as connection:
            await catalogue.put_merchants(connection, [seller()])
            await catalogue.put_warehouses(connection, [warehouse(shelves.name(place)) for place in places])
            await catalogue.put_skus(connection, [goods(shelves.name(sku), weight_g=500) for sku in on_hand])
        for sku, by_place in on_hand.items():
            await shelves.adjusts(sku, by_place)
        return shelves

    def name(self, own: str) -> str:
        """What the test's own name is in the database."""
        return f"{self.mark}-{own}"

    async def adjusts(self, sku: str, on_hand: Mapping[str, int]) -> None:
        wanted = {self.name(place): units for place, units in on_hand.items()}
        async with self.database.transaction() as connection:
            document = f"count-{next(_numbers)}"
            await stocktaking.adjust(connection, self.name(sku), wanted, document=document, at=AT)

    async def sets_aside(self, sku: str, on_hand: Mapping[str, int], *, pool: str) -> None:
        """Give a campaign a stock of its own."""
        wanted = {self.name(place): units for place, units in on_hand.items()}
        async with self.database.transaction() as connection:
            document = f"aside-{next(_numbers)}"
            await stocktaking.transfer(
                connection, self.name(sku), wanted, pool=self.name(pool), document=document, at=AT
            )

    async def gives_back(self, sku: str, *, pool: str) -> int:
        """The campaign is over: how many units went back to the general shelf."""
        async with self.database.transaction() as connection:
            document = f"over-{next(_numbers)}"
            return await stocktaking.give_back(
                connection, self.name(sku), pool=self.name(pool), document=document, at=AT
            )

    async def reserves(self, order: str, *wanted: tuple[str, int], pool: str = "") -> bool:
        """Whether there was enough; every other refusal is raised."""
        own = self.name(pool) if pool else ""
        demands = [Demand(number, self.name(sku), "own", units, own) for number, (sku, units) in enumerate(wanted, 1)]
        try:
            async with self.database.transaction() as connection:
                await stock.reserve(connection, self.name(order), demands, TAIPEI, AT)
        except OutOfStock:
            return False
        return True

    async def releases(self, order: str) -> None:
        async with self.database.transaction() as connection:
            await stock.release(connection, self.name(order), AT)

    async def sources(self, order: str) -> list[tuple[str, str, int]]:
        """SKU, warehouse and units that an order holds."""
        async with self.database.transaction() as connection:
            held = await stock.sources_of(connection, self.name(order))
        return [(self._own(item.sku), self._own(item.warehouse_id), item.quantity) for item in held]

    async def packs(self, order: str, *wanted: tuple[str, int]) -> list[str]:
        """The parcels of a reserved order, one per warehouse. Gives their numbers."""
        order_no = self.name(order)
        skus = [goods(self.name(sku), weight_g=500) for sku, _ in wanted]
        async with self.database.transaction() as connection:
            await orders.add(
                connection,
                order_no=order_no,
                buyer="alice",
                state="paid",
                table_version=1,
                policy_version=1,
                priced=priced(cart(*((self.name(sku), units) for sku, units in wanted)), skus),
                receiver=TAIPEI,
                placed_at=AT,
                payment_due_at=AT,
            )
            held = await stock.sources_of(connection, order_no)
            await parcels.add(connection, order_no, _one_per_warehouse(held), AT)
            return list(await parcels.numbers_of(connection, order_no))

    async def ships(self, parcel_no: str) -> None:
        async with self.database.transaction() as connection:
            await parcel_stock.ship(connection, parcel_no, AT)

    async def of(self, sku: str, *, pool: str = "") -> dict[str, tuple[int, int]]:
        """Warehouse → on hand and reserved of one shelf, having seen that the ledger of each adds up to both."""
        async with self.database.transaction() as connection:
            found = await stocktaking.balances(connection, self.name(sku))
        for item in found:
            assert (item.on_hand, item.reserved) == (item.ledger_on_hand, item.ledger_reserved), item
            assert 0 <= item.reserved <= item.on_hand, item
        own = self.name(pool) if pool else ""
        return {self._own(item.warehouse_id): (item.on_hand, item.reserved) for item in found if item.pool == own}

    def _own(self, name: str) -> str:
        return name.removeprefix(f"{self.mark}-")


def _one_per_warehouse(held: Iterable[Source]) -> list[Parcel]:
    by_place = itertools.groupby(sorted(held, key=lambda item: item.warehouse_id), lambda item: item.warehouse_id)
    return [
        Parcel(
            sequence=sequence,
            merchant_id="own",
            warehouse_id=warehouse_id,
            transport_class=TransportClass.ORDINARY,
            weight_g=0,
            volume_mm3=0,
            lines=tuple(ParcelLine(item.line_no, item.sku, item.quantity, 0, 0) for item in items),
        )
        for sequence, (warehouse_id, items) in enumerate(by_place, start=1)
    ]
