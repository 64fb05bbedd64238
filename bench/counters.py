"""What the servers of a stack count: statements, commands, billable actions, rows, bytes."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis
from temporalio.client import Client

from devstack.ready import Addresses

_STATEMENTS = """
SELECT query, sum(calls)::bigint AS calls FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = $1) AND query NOT LIKE '%/* bench */%' GROUP BY query
"""
_TABLES = """
SELECT relname AS name, pg_table_size(oid) AS heap, pg_indexes_size(oid) AS indexes
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
_ACTION = "action_total"
"""As the parser calls what the server calls `action`."""
_ABOUT_CLIENTS = frozenset({"auth", "client|setinfo", "hello", "info", "ping", "select"})
_ABOUT_SESSIONS = frozenset({"BEGIN", "COMMIT", "ROLLBACK", "SET", "SHOW", "VACUUM", "DISCARD"})


@dataclass(frozen=True, slots=True)
class Counted:
    """Sums since the servers started, or, as a difference, of a while. WAL in bytes."""

    statements: Mapping[str, float] = field(default_factory=dict)
    commands: Mapping[str, float] = field(default_factory=dict)
    wal: float = 0.0

    def __add__(self, other: "Counted") -> "Counted":
        return self._mixed(other, 1, 1)

    def __sub__(self, other: "Counted") -> "Counted":
        return self._mixed(other, 1, -1)

    def times(self, factor: float) -> "Counted":
        return self._mixed(Counted(), factor, 0)

    @property
    def transactions(self) -> float:
        return sum(calls for query, calls in self.statements.items() if query == "BEGIN")

    @property
    def questions(self) -> float:
        """Statements that ask or change something."""
        return sum(calls for query, calls in self.statements.items() if query.split()[0] not in _ABOUT_SESSIONS)

    def _mixed(self, other: "Counted", own: float, others: float) -> "Counted":
        def mixed(ours: Mapping[str, float], theirs: Mapping[str, float]) -> dict[str, float]:
            return {key: ours.get(key, 0) * own + theirs.get(key, 0) * others for key in ours.keys() | theirs.keys()}

        return Counted(
            mixed(self.statements, other.statements),
            mixed(self.commands, other.commands),
            self.wal * own + other.wal * others,
        )


@dataclass(frozen=True, slots=True)
class TableSize:
    """Of a table without dead rows, in rows and bytes; or, as a difference, what came to it."""

    rows: int
    heap: int
    indexes: int

    def __sub__(self, other: "TableSize") -> "TableSize":
        return TableSize(self.rows - other.rows, self.heap - other.heap, self.indexes - other.indexes)

    def per(self, orders: int) -> dict[str, float]:
        return {part: value / orders for part, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Counters:
    """Where to ask. PostgreSQL is asked through another database, so that the asking is not counted."""

    addresses: Addresses
    orders: Any
    beside: Any
    redis: Redis
    http: httpx.AsyncClient
    temporal: Client

    async def read(self) -> Counted:
        statements: Counter[str] = Counter()
        for row in await self.beside.fetch(_STATEMENTS, self.addresses.database.rpartition("/")[2]):
            statements[_in_one_line(row["query"])] += row["calls"]
        commands = await self.redis.info("commandstats")
        return Counted(
            statements,
            {
                name: value["calls"]
                for key, value in commands.items()
                if (name := key.removeprefix("cmdstat_")) not in _ABOUT_CLIENTS
            },
            float(await self.beside.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")),
        )

    async def tables(self) -> dict[str, TableSize]:
        await self.orders.execute("VACUUM FULL", timeout=120)
        return {
            row["name"]: TableSize(
                await self.orders.fetchval(f'SELECT count(*) FROM "{row["name"]}"'),  # noqa: S608 - its own answer
                row["heap"],
                row["indexes"],
            )
            for row in await self.orders.fetch(_TABLES)
        }

    async def actions(self) -> int:
        """What Temporal Cloud would bill, as the server itself counts it."""
        command = psutil.Process(self.addresses.pids["temporal"]).cmdline()
        port = command[command.index("--metrics-port") + 1]
        text = (await self.http.get(f"http://127.0.0.1:{port}/metrics")).raise_for_status().text
        return sum(
            int(sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == _ACTION and sample.labels["namespace"] == self.addresses.namespace
        )


@asynccontextmanager
async def counting(addresses: Addresses) -> AsyncIterator[Counters]:
    orders = await connect(addresses.database)
    beside = await connect(addresses.database.rpartition("/")[0] + "/postgres")
    await beside.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    try:
        async with (
            Redis.from_url(addresses.redis, decode_responses=True) as redis,
            httpx.AsyncClient(trust_env=False, timeout=20) as http,
        ):
            temporal = await Client.connect(addresses.temporal, namespace=addresses.namespace)
            yield Counters(addresses, orders, beside, redis, http, temporal)
    finally:
        await orders.close()
        await beside.close()


async def connect(database: str, *, size: int = 1) -> Any:
    return await asyncpg.create_pool(
        database, min_size=1, max_size=size, timeout=10, command_timeout=60, connection_class=_Unreset
    )


class _Unreset(asyncpg.Connection):  # type: ignore[misc]  # it ships no types
    """Leaves no statements of the pool's own among those that are counted."""

    def get_reset_query(self) -> str:
        return ""


def _in_one_line(query: str) -> str:
    line = " ".join(query.rstrip(" ;").split())
    first = line.split()[0].upper()
    return first if first in _ABOUT_SESSIONS else line
