"""`ordersaga seed`: loads a catalogue file."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def seed(
    file: Annotated[Path | None, typer.Argument(help="YAML or JSON; the demo shop's catalogue if left out")] = None,
    again: Annotated[bool, typer.Option(help="load a file that was loaded before, stock included")] = False,
) -> None:
    """Load a catalogue file once: goods and their stock, offers, members (docs/catalogue.md)."""
    from api.catalogue import load_file_once
    from ordersaga.persistence.database import Database
    from ordersaga.settings import get_settings

    async def run() -> None:
        database = Database(get_settings().database_driver_url, pool_size=1)
        try:
            loaded = await load_file_once(database, chosen.name, content, again=again)
        finally:
            await database.close()
        print(f"{chosen.name}: {loaded or 'loaded before; left as it is'}")

    chosen = file or Path(__file__).parent.parent / "devstack" / "catalogue.yaml"
    content = chosen.read_bytes()
    asyncio.run(run())
