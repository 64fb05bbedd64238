"""What it costs to say that there is nothing: one round trip to Redis, no database, no Temporal (R-TYPE-2)."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import event

from devstack.stack import Stack
from ordersaga.domain.gate import Entrant, GateKey, Outcome
from ordersaga.gateways.gate.gate import Gate, GateAway
from ordersaga.persistence import gates
from ordersaga.persistence.database import Database
from ordersaga.settings import SandboxSettings, Settings
from tests.flash_sales import FlashSale
from tests.security.own_api import serving, settings_of
from tests.shop import Person, Shop, refused, until

NOWHERE = "127.0.0.1:9"
OWN_REDIS = 8


@dataclass
class Lonely:
    """An API with a gate and nothing else behind it; `connections` counts its tries to reach a database."""

    http: httpx.AsyncClient
    redis: Redis
    connections: list[object]

    async def ask(self, person: Person, path: str, body: object) -> tuple[httpx.Response, list[str]]:
        """The answer, and the commands of this API that Redis itself saw meanwhile; a script's own are in its one."""
        async with self.redis.monitor() as monitor:
            answer = await Person(self.http, person.subject, person.token).ask("POST", path, body)
            await self.redis.echo("the end")
            commands: list[str] = []
            while "the end" not in (seen := await monitor.next_command())["command"]:
                if seen["db"] == OWN_REDIS and seen["client_type"] != "lua":
                    commands.append(seen["command"].partition(" ")[0].upper())
        return answer, commands

    async def told(self, sale: FlashSale, settings: Settings) -> None:
        """What a worker does: this API cannot."""
        database, key = Database(settings.database_driver_url), GateKey("flash_sale", sale.sku)
        await Gate(self.redis).refresh(key, gates.reader(database, key), datetime.now(UTC))
        await database.close()


@pytest.fixture
def settings(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Settings:
    redis_url = f"{stack.addresses.redis.rpartition('/')[0]}/{OWN_REDIS}"
    return settings_of(stack, monkeypatch, redis_url=SecretStr(redis_url), sandbox=SandboxSettings())


@pytest.fixture
async def lonely(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lonely]:
    monkeypatch.setenv("TEMPORAL_ADDRESS", NOWHERE)
    alone = settings.model_copy(update={"database_url": SecretStr(f"postgresql://nobody@{NOWHERE}/none")})
    async with (
        Redis.from_url(settings.redis_url.get_secret_value()) as redis,
        serving(alone) as (app, http),
    ):
        connections: list[object] = []
        engine = app.state.services.database.engine.sync_engine
        event.listen(engine, "do_connect", lambda *attempt: connections.append(attempt))
        yield Lonely(http, redis, connections)


async def test_sold_out_costs_one_round_trip_and_nothing_else(lonely: Lonely, shop: Shop, settings: Settings) -> None:
    sale, bob = await FlashSale.opens(shop, 1), shop.buyer("bob")
    quote = await sale.previews(bob)
    await sale.places(shop.buyer("alice"))
    await lonely.told(sale, settings)
    await lonely.ask(bob, "/v1/quotes", sale.body())  # the first one may have to load the script
    for path, body in (("/v1/quotes", sale.body()), ("/v1/orders", {"quote_token": quote["quote_token"]})):
        answer, commands = await lonely.ask(bob, path, body)
        assert refused(answer, 409, "sold_out")["left"] == 0
        assert commands == ["EVALSHA"]
    assert lonely.connections == []


async def test_before_the_opening_an_answer_costs_one_round_trip_and_nothing_else(
    lonely: Lonely, shop: Shop, settings: Settings
) -> None:
    sale, bob = await FlashSale.opens(shop, 1, begins=timedelta(minutes=20)), shop.buyer("bob")
    await lonely.told(sale, settings)
    await lonely.ask(bob, "/v1/quotes", sale.body())
    answer, commands = await lonely.ask(bob, "/v1/quotes", sale.body())
    assert refused(answer, 409, "campaign_unavailable")["reason"] == "not_open"
    assert (commands, lonely.connections) == (["EVALSHA"], [])


async def test_whoever_is_let_in_does_reach_for_the_database(lonely: Lonely, shop: Shop, settings: Settings) -> None:
    """So that the counting above is seen to count."""
    sale, bob = await FlashSale.opens(shop, 1), shop.buyer("bob")
    await lonely.told(sale, settings)
    answer, _ = await lonely.ask(bob, "/v1/quotes", sale.body())
    refused(answer, 503, "unavailable")
    assert lonely.connections


async def test_clicks_of_an_order_that_the_gate_does_not_know_are_answered_alike(
    shop: Shop, settings: Settings
) -> None:
    """It was placed while Redis was away, and the gate has nothing left for it."""
    sale = await FlashSale.opens(shop, 1)
    async with serving(settings) as (app, http):
        gate, alice = app.state.services.gates._gate, shop.buyer("alice")
        alice = Person(http, alice.subject, alice.token)
        body = {"quote_token": (await sale.previews(alice))["quote_token"]}
        carol = Entrant(account="carol", units=1, order_no="c1")
        key = GateKey("flash_sale", sale.sku)
        await gate.enter(key, carol, datetime.now(UTC), timedelta(minutes=1))
        gate._away_until = time.monotonic() + 60
        first = await alice.post("/v1/orders", body)
        gate._away_until = 0.0
        assert (await alice.post("/v1/orders", body))["order_no"] == first["order_no"]
        refused(await sale.asks(Person(http, "bob", shop.buyer("bob").token)), 409, "sold_out")


async def test_an_order_that_was_placed_without_the_gate_is_told_to_it(shop: Shop, settings: Settings) -> None:
    sale = await FlashSale.opens(shop, 2)
    async with serving(settings) as (app, http):
        gate, alice = app.state.services.gates._gate, shop.buyer("alice")
        alice = Person(http, alice.subject, alice.token)
        quote, asked = await sale.previews(alice), gate.enter

        async def away(*_: object) -> None:
            gate.enter = asked
            raise GateAway("for once")

        gate.enter = away
        order = await alice.post("/v1/orders", {"quote_token": quote["quote_token"]})
        entrant = Entrant(account=alice.subject, units=1, order_no=order["order_no"])
        answer = await gate.look(GateKey("flash_sale", sale.sku), entrant, datetime.now(UTC))
        assert (answer.outcome, answer.settled) == (Outcome.KNOWN, True)


async def test_without_redis_a_few_at_once_do_without_a_gate(shop: Shop, stack: Stack, settings: Settings) -> None:
    sale = await FlashSale.opens(shop, 3, limit=1)
    few = settings.gate.model_copy(update={"requests_without": 2})
    nowhere = {"redis_url": SecretStr(f"redis://{NOWHERE}/0"), "gate": few}
    async with serving(settings.model_copy(update=nowhere)) as (_, http):
        buyers = [Person(http, person.subject, person.token) for person in map(shop.buyer, "abcdefgh")]
        async with goods_locked(stack):  # whoever does without a gate does so until the others have been answered
            asking = [asyncio.create_task(sale.asks(buyer)) for buyer in buyers]
            await until(lambda: answered(asking), lambda number: number >= len(buyers) - 2)
        answers = await asyncio.gather(*asking)
        passed = [number for number, answer in enumerate(answers) if answer.status_code == 200]
        assert len(passed) == 2
        for number in set(range(len(buyers))).difference(passed):
            refused(answers[number], 503, "unavailable")
            assert int(answers[number].headers["retry-after"]) > 0
        quote = answers[passed[0]].json()
        await shop.submits(buyers[passed[0]], quote)
        other = await shop.shelves()
        ordinary = await asyncio.gather(
            *(buyer.ask("POST", "/v1/quotes", {**sale.body(), **_ordinary(other)}) for buyer in buyers)
        )
        assert [answer.status_code for answer in ordinary] == [200] * len(buyers), "the rest of the shop goes on"


async def answered(asking: Sequence[asyncio.Task[httpx.Response]]) -> int:
    return sum(task.done() for task in asking)


@asynccontextmanager
async def goods_locked(stack: Stack) -> AsyncIterator[None]:
    """Nobody reads the goods as long as the block lasts."""
    connection = await asyncpg.connect(stack.addresses.database, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE skus", timeout=10)
            yield
    finally:
        await connection.close(timeout=10)


def _ordinary(sku: str) -> dict[str, object]:
    return {"items": [{"sku": sku, "quantity": 1}], "order_type": "standard"}
