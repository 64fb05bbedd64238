"""Valkey in the data folder, on the loopback, with a password. It may be emptied at any time without harm."""

import redis.asyncio

from devstack.binaries import valkey_binary
from devstack.environment import inherited
from devstack.folder import DataFolder, write_atomically
from devstack.ports import LOOPBACK
from devstack.processes import Program


def valkey_program(folder: DataFolder, *, port: int, password: str) -> Program:
    """Writes the configuration into a file, since a command line with a password is readable by everybody."""
    configuration = folder.valkey / "valkey.conf"
    write_atomically(configuration, _configuration(folder, port, password))
    url = valkey_url(port, password)

    async def probe(_pid: int) -> None:
        async with redis.asyncio.Redis.from_url(url, socket_timeout=4, socket_connect_timeout=4) as client:
            await client.ping()

    return Program(
        name="valkey",
        command=(str(valkey_binary()), str(configuration)),
        environment=inherited(),
        log=folder.log_of("valkey"),
        probe=probe,
        where=f"{LOOPBACK}:{port}",
        cwd=folder.valkey,
    )


def valkey_url(port: int, password: str) -> str:
    return f"redis://:{password}@{LOOPBACK}:{port}/0"


def _configuration(folder: DataFolder, port: int, password: str) -> str:
    directory = str(folder.valkey).replace("\\", "\\\\").replace('"', '\\"')
    return "\n".join(
        (
            f"bind {LOOPBACK}",
            f"port {port}",
            f"requirepass {password}",
            f'dir "{directory}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
            "loglevel notice",
            "",
        )
    )
