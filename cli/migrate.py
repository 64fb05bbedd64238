"""`ordersaga migrate`: the database's tables and Temporal's search attributes, brought to this version."""

import asyncio


def migrate() -> None:
    """Migrate the database and register the search attributes. Safe to run again."""
    from ordersaga.gateways.temporal import connect, register_search_attributes
    from ordersaga.persistence.migrate import upgrade
    from ordersaga.settings import get_settings

    async def run() -> None:
        revision = await upgrade(get_settings().database_driver_url)
        print(f"the database is at {revision}")
        added = await register_search_attributes(await connect())
        print(f"search attributes: {', '.join(added) or 'all there'}")

    asyncio.run(run())
