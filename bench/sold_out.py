"""Refusals per second once a flash sale is sold out, beside a bare endpoint with one call of Redis.

What is timed is `POST /v1/orders` with quotes that were made while there was stock. Each is refused by the gate that
stands before everything else, so the same quotes may be sent again and again.
`beside` has what one refusal asks of Redis and PostgreSQL, as they count it themselves.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import psutil
from redis.asyncio import Redis

from api.authentication import development_token
from bench.bare_api import BARE_REDIS, bare_api, secret_of
from bench.bed import ADDRESS, SKU, WAREHOUSE, Amount, Bed, bed
from bench.figures import Figure, Goal, Result
from bench.load import Call, burst
from bench.timed import Timed, timed
from bench.wire import Wire, wire
from cli.client import JsonObject
from cli.purchase import goods, preview, submit
from devstack.ready import Addresses

ABOUT = "refusals per second of a flash sale that is sold out"

_BUYERS = 50
_REFUSALS = 600
_GOAL = Goal(at_least=0.7)
_CAMPAIGN = "bench-sale"
_LONG = {"ORDERSAGA_POLICIES": '{"flash_sale": {"payment_seconds": 86400}}'}
"""The one unit is not to come back while others are refused."""
_BUSY = "SELECT DISTINCT query FROM pg_stat_activity WHERE client_port = ANY($1::int[]) AND query_start > $2"
_END = "that is all"


async def measure(amount: Amount) -> Result:
    ours: list[Timed] = []
    floor: list[Timed] = []
    async with bed(amount, _LONG) as stand, bare_api(stand.stack) as bare, wire(stand.stack.addresses.api) as api:
        quotes = await _sold_out(stand)
        refused = _calls(stand, api, "/v1/orders", quotes, expected=409)
        answered = _calls(stand, bare.wire, BARE_REDIS, quotes, expected=200)
        await burst(refused, 8)
        await burst(answered, 8)
        asked = await _asked(stand.stack.addresses, refused)
        for _ in stand.rounds("sold out"):
            calls = amount.of(_REFUSALS)
            ours.append(await timed(stand, bare, list(islice(cycle(refused), calls))))
            floor.append(await timed(stand, bare, list(islice(cycle(answered), calls))))
    figures = [
        Figure(
            name="refusals, by the clock",
            unit="refusals/s",
            ours=[one.burst.per_second for one in ours],
            floor=[one.burst.per_second for one in floor],
            goal=_GOAL,
        ),
        Figure(
            name="refusals, by the API's CPU",
            unit="refusals/CPU s",
            ours=[1000 / one.cpu["api"] for one in ours],
            floor=[1000 / one.cpu["bare"] for one in floor],
        ),
        Figure(
            name="refusal, CPU of the API",
            unit="ms",
            ours=[one.cpu["api"] for one in ours],
            floor=[one.cpu["bare"] for one in floor],
        ),
        Figure(
            name="refusal, CPU of Valkey",
            unit="ms",
            ours=[one.cpu["valkey"] for one in ours],
            floor=[one.cpu["valkey"] for one in floor],
        ),
    ]
    return Result(name="sold_out", about=ABOUT, figures=figures, beside=asked)


async def _sold_out(stand: Bed) -> list[tuple[str, JsonObject]]:
    """Buyers, each with the body of a submit that comes too late."""
    begin = datetime.now(UTC) - timedelta(minutes=1)
    await stand.api.operator("bench").put(
        f"/v1/admin/campaigns/{_CAMPAIGN}",
        {
            "order_type": "flash_sale",
            "name": "Bench at noon",
            "sku": SKU,
            "price": {"amount": 5_000, "currency": "TWD"},
            "starts_at": begin.isoformat(),
            "ends_at": (begin + timedelta(hours=1)).isoformat(),
            "stock": {WAREHOUSE: 1},
        },
    )

    async def quote(name: str) -> JsonObject:
        return await preview(stand.api.buyer(name), goods((SKU, 1)), ADDRESS, order_type="flash_sale")

    first, *others = [f"bench-{number}" for number in range(_BUYERS + 1)]
    best = await quote(first)
    quotes = await asyncio.gather(*(quote(name) for name in others))
    await submit(stand.api.buyer(first), best)
    return [(name, {"quote_token": made["quote_token"]}) for name, made in zip(others, quotes, strict=True)]


def _calls(
    stand: Bed, server: Wire, path: str, bodies: Sequence[tuple[str, Mapping[str, Any]]], *, expected: int
) -> list[Call]:
    secret = secret_of(stand.stack)
    return [
        server.post(path, body, development_token(secret, role="buyer", subject=buyer), expected=expected)
        for buyer, body in bodies
    ]


async def _asked(addresses: Addresses, refused: Sequence[Call]) -> dict[str, Any]:
    """What Redis and PostgreSQL are asked by the API's own connections for one refusal."""
    ours = [found.laddr.port for found in psutil.Process(addresses.pids["api"]).net_connections("tcp")]
    database = await asyncpg.connect(addresses.database, timeout=10)
    try:
        began = await database.fetchval("SELECT clock_timestamp()")
        async with Redis.from_url(addresses.redis) as redis, redis.monitor() as monitor:
            for refuse in refused:
                await refuse()
            await redis.echo(_END)
            commands: Counter[str] = Counter()
            while _END not in (seen := await monitor.next_command())["command"]:
                if seen["client_type"] == "tcp" and int(seen["client_port"]) in ours:
                    commands[str(seen["command"]).partition(" ")[0].upper()] += 1
        asked = [row["query"] for row in await database.fetch(_BUSY, ours, began)]
    finally:
        await database.close()
    return {
        "refusals_counted": len(refused),
        "redis_commands_per_refusal": {name: number / len(refused) for name, number in commands.items()},
        "asked_of_postgresql_by_the_api_meanwhile": asked,
    }
