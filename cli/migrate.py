"""`ordersaga migrate`: the database's tables and Temporal's search attributes, brought to this version."""

import asyncio
from typing import Annotated

import typer

from cli.loading import loading
from cli.seed import DEMO_CATALOGUE, load


def migrate(
    seed: Annotated[bool, typer.Option("--seed", help="Then load the demo shop's catalogue, once.")] = False,
) -> None:
    """Migrate the database and register the search attributes. Safe to run again.

    Where Temporal lets no client register them, as on Temporal Cloud, it says what is missing and exits with 1.
    """
    with loading():
        from ordersaga.gateways.temporal import SearchAttributesMissing, connect, register_search_attributes
        from ordersaga.persistence.migrate import upgrade
        from ordersaga.settings import get_settings

    async def run() -> None:
        revision = await upgrade(get_settings().database_session_url)
        print(f"the database is at {revision}")
        added = await register_search_attributes(await connect())
        print(f"search attributes: {', '.join(added) or 'all there'}")
        if seed:
            await load(DEMO_CATALOGUE)

    try:
        asyncio.run(run())
    except SearchAttributesMissing as missing:
        typer.secho(str(missing), fg="red", err=True)
        raise typer.Exit(1) from missing
