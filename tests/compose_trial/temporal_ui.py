"""Stands in for the Temporal UI's image: passes on to the UI of the server's stand-in."""

import asyncio
import os
from contextlib import suppress

HOST = os.environ["TEMPORAL_ADDRESS"].partition(":")[0]


async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    sink.close()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        behind, to_behind = await asyncio.open_connection(HOST, 8233)
    except OSError:
        writer.close()
        return
    await asyncio.gather(copy(reader, to_behind), copy(behind, writer))


async def main() -> None:
    async with await asyncio.start_server(serve, "0.0.0.0", 8080) as server:  # noqa: S104 - inside its container
        await server.serve_forever()


asyncio.run(main())
