"""`ordersaga seed`: loads a catalogue file."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cli.loading import loading

DEMO_CATALOGUE = Path(__file__).parent.parent / "devstack" / "catalogue.yaml"


def seed(
    file: Annotated[Path | None, typer.Argument(help="YAML or JSON; the demo shop's catalogue if left out")] = None,
    again: Annotated[bool, typer.Option(help="load a file that was loaded before, stock included")] = False,
) -> None:
    """Load a catalogue file once: goods and their stock, offers, members (docs/catalogue.md)."""
    asyncio.run(load(file or DEMO_CATALOGUE, again=again))


async def load(file: Path, *, again: bool = False) -> None:
    """Load it into the database of the settings and print what came of it; raises what the file's faults raise."""
    with loading():
        from api.catalogue import load_file_once
        from ordersaga.persistence.database import Database
        from ordersaga.settings import get_settings

    content = await asyncio.to_thread(file.read_bytes)
    database = Database(get_settings().database_driver_url, pool_size=1)
    try:
        loaded = await load_file_once(database, file.name, content, again=again)
    finally:
        await database.close()
    print(f"{file.name}: {loaded or 'loaded before; left as it is'}")
