"""Lists whose best plan depends on what is asked for: statements are planned once otherwise (`engine`)."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_PLANNED_EACH_TIME = text("SET LOCAL plan_cache_mode = force_custom_plan")


async def plan_each_time(connection: AsyncConnection) -> None:
    """Plan each statement by its parameters, its limit too, until the transaction ends."""
    await connection.execute(_PLANNED_EACH_TIME)
