"""A pool of codes to test with: real PostgreSQL, SKUs and orders of its own, and what it should hold beside."""

import itertools
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from sqlalchemy import select

from ordersaga.domain.catalogue import Delivery
from ordersaga.domain.codes import CodeDemand
from ordersaga.domain.errors import OutOfStock
from ordersaga.domain.keys import KeyRing
from ordersaga.gateways.codes import CodeVault
from ordersaga.persistence import catalogue, codes, digital_holds
from ordersaga.persistence.database import Database
from ordersaga.persistence.tables.codes import digital_codes
from tests.goods import goods, seller

VAULT = CodeVault(KeyRing({"k1": bytes(32)}, "k1"))
_numbers = itertools.count(1)

Held = list[tuple[str, int, int]]
"""SKU (by the test's name), line and unit of each code that an order has."""


@dataclass(frozen=True, slots=True)
class CodePool:
    """`skus` and orders are by the names that the test gives them."""

    database: Database
    mark: str

    @classmethod
    async def filled(cls, database: Database, **skus: int) -> Self:
        """With so many codes of each SKU."""
        pool = cls(database, f"pool{next(_numbers)}")
        for name, count in skus.items():
            await pool.offers(name)
            assert await pool.adds(name, *(f"{pool.mark}-{name}-{number}" for number in range(count))) == []
        return pool

    def sku(self, name: str) -> str:
        return f"{self.mark}-{name}"

    async def offers(self, name: str, delivery: Delivery = Delivery.CODES) -> None:
        sku = goods(self.sku(name), merchant_id=self.mark, order_type="digital", delivery=delivery)
        async with self.database.transaction() as connection:
            await catalogue.put_merchants(connection, [seller(self.mark)])
            await catalogue.put_skus(connection, [sku])

    async def adds(self, name: str, *entered: str, vault: CodeVault = VAULT) -> list[int]:
        sealed = [vault.seal(code) for code in entered]
        async with self.database.transaction() as connection:
            return await codes.add(connection, self.sku(name), sealed, datetime.now(UTC))

    async def holds(self, order: str, *wanted: tuple[str, int]) -> bool:
        """Whether the order got a code for each unit; a line for each SKU named, in this order."""
        demands = [CodeDemand(number, self.sku(name), units) for number, (name, units) in enumerate(wanted, 1)]
        try:
            async with self.database.transaction() as connection:
                await digital_holds.hold(connection, self._order_no(order), demands, datetime.now(UTC))
        except OutOfStock:
            return False
        return True

    async def releases(self, order: str) -> None:
        async with self.database.transaction() as connection:
            await digital_holds.release(connection, self._order_no(order))

    async def delivers(self, order: str) -> None:
        async with self.database.transaction() as connection:
            await digital_holds.deliver(connection, self._order_no(order))

    async def of(self, name: str) -> tuple[int, int, int]:
        """How many codes are free, held and sold."""
        async with self.database.transaction() as connection:
            counted = await codes.counts(connection, self.sku(name))
            free = (await codes.shelves(connection, [self.sku(name)])).of(self.sku(name))
        available, held, sold = counted.values()
        assert free == available, "what buyers are told is what there is"
        return available, held, sold

    async def held_by(self, order: str) -> Held:
        """What the order has, having seen that each unit has a code of its own."""
        async with self.database.transaction() as connection:
            query = select(digital_codes).where(digital_codes.c.order_no == self._order_no(order))
            rows = (await connection.execute(query)).all()
        units = [(row.sku.removeprefix(f"{self.mark}-"), row.line_no, row.unit) for row in rows]
        assert max(Counter(units).values(), default=1) == 1
        return sorted(units)

    async def digests(self) -> list[str]:
        async with self.database.transaction() as connection:
            query = select(digital_codes.c.digest).where(digital_codes.c.sku.startswith(f"{self.mark}-"))
            return list(await connection.scalars(query))

    def _order_no(self, order: str) -> str:
        return f"{self.mark}-{order}"
