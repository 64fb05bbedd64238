"""Lists of the few that are not over, among many that are: PostgreSQL has to know what is asked for."""

from sqlalchemy import text

from ordersaga.persistence import parcels
from ordersaga.persistence.database import Database
from ordersaga.persistence.parcels import ParcelFilter

_MODE = text("SHOW plan_cache_mode")


async def test_open_parcels_are_planned_for_who_asks_and_nothing_else_is(database: Database) -> None:
    async with database.transaction() as connection:
        await parcels.listed(connection, ParcelFilter(warehouse_id="w-1", open_only=True), after="", limit=1)
        assert await connection.scalar(_MODE) == "force_custom_plan"
    async with database.transaction() as connection:
        assert await connection.scalar(_MODE) == "force_generic_plan"
