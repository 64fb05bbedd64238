"""The gate of a flash sale in the real Valkey: what it answers, and that no interleaving makes it too generous."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from redis.asyncio import Redis

from devstack.stack import Stack
from ordersaga.domain.gate import Counted, Entrant, GateKey, GateLimit, Knowledge, Outcome, Seen
from ordersaga.gateways.gate.gate import Gate, GateAway, Leased
from tests.integration.gate_life import LEASE, Sale, TroubledSale
from tests.integration.gate_refresh import NOON, campaign

ALICE = Entrant(account="alice", units=1, order_no="a1", campaign="noon")
BOB = Entrant(account="bob", units=1, order_no="b1", campaign="noon")


class Opened:
    """A gate of a test's own, and what PostgreSQL is to say of it."""

    def __init__(self, redis: Redis, sku: str) -> None:
        self.redis = redis
        self.gate, self.key = Gate(redis), GateKey("flash_sale", sku)
        self.known: Knowledge | None = Knowledge(
            campaign=campaign(sku), limit=GateLimit("two-each", 2), free=3, orders=(), position=7
        )
        self.seen: list[Seen | None] = []

    async def read(self, seen: Seen | None, leased: Leased) -> Knowledge | None:
        self.seen.append(seen)
        return self.known

    def knows(self, **changes: object) -> None:
        assert self.known is not None
        self.known = replace(self.known, **changes)  # type: ignore[arg-type]  # the test says which

    async def told(self, after: timedelta = timedelta()) -> None:
        await self.gate.refresh(self.key, self.read, NOON + after)

    async def enter(self, entrant: Entrant, after: timedelta = timedelta()) -> Outcome:
        return (await self.gate.enter(self.key, entrant, NOON + after, LEASE)).outcome


@pytest.fixture
async def opened(stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[Opened]:
    async with Redis.from_url(stack.addresses.redis) as redis:
        opened = Opened(redis, request.node.name)
        await opened.told()
        yield opened


async def test_a_look_takes_nothing(opened: Opened) -> None:
    for _ in range(9):
        answer = await opened.gate.look(opened.key, replace(ALICE, order_no=""), NOON)
        assert answer.outcome is Outcome.ADMITTED
    assert await opened.enter(replace(ALICE, units=2)) is Outcome.ADMITTED
    assert await opened.enter(BOB) is Outcome.ADMITTED


async def test_an_order_that_enters_again_is_the_same_lease(opened: Opened) -> None:
    assert [await opened.enter(ALICE) for _ in range(3)] == [Outcome.ADMITTED, Outcome.KNOWN, Outcome.KNOWN]
    assert await opened.enter(replace(BOB, units=2)) is Outcome.ADMITTED
    answer = await opened.gate.look(opened.key, Entrant(account="carol", units=2), NOON)
    assert (answer.outcome, answer.facts) == (Outcome.SOLD_OUT, {"left": 0})


async def test_nobody_enters_before_or_after(opened: Opened) -> None:
    early = await opened.gate.look(opened.key, ALICE, NOON - timedelta(milliseconds=1))
    late = await opened.gate.look(opened.key, ALICE, NOON + timedelta(hours=2))
    for answer, reason, name in ((early, "not_open", "starts_at"), (late, "ended", "ends_at")):
        refusal = answer.refusal(opened.key.sku, 1)
        assert refusal is not None
        assert (refusal.code, refusal.details["reason"]) == ("campaign_unavailable", reason)
        assert refusal.details[name].startswith("2026-12-12T1")


async def test_an_order_that_was_placed_passes_after_the_end(opened: Opened) -> None:
    await opened.enter(ALICE)
    await opened.gate.confirm(opened.key, ALICE)
    answer = await opened.gate.enter(opened.key, ALICE, NOON + timedelta(hours=3), LEASE)
    assert (answer.outcome, answer.settled) == (Outcome.KNOWN, True)


async def test_an_account_enters_with_no_more_units_than_its_limit(opened: Opened) -> None:
    await opened.enter(ALICE)
    await opened.gate.confirm(opened.key, ALICE)
    answer = await opened.gate.enter(opened.key, replace(ALICE, order_no="a2", units=2), NOON, LEASE)
    refusal = answer.refusal(opened.key.sku, 2)
    assert refusal is not None
    assert refusal.code == "purchase_limit_exceeded"
    assert refusal.details == {"limit": "two-each", "allowed": 2, "used": 1, "wanted": 2}


async def test_a_lease_that_runs_out_gives_its_tokens_back(opened: Opened) -> None:
    opened.knows(free=1)
    await opened.told()
    assert await opened.enter(ALICE) is Outcome.ADMITTED
    assert await opened.enter(BOB) is Outcome.SOLD_OUT
    assert await opened.enter(BOB, after=LEASE) is Outcome.ADMITTED
    assert await opened.enter(ALICE, after=LEASE) is Outcome.SOLD_OUT
    await opened.gate.confirm(opened.key, ALICE)
    await opened.gate.release(opened.key, BOB.order_no)
    assert await opened.enter(BOB, after=LEASE) is Outcome.SOLD_OUT, "alice was placed after all"


async def test_a_refused_order_gives_its_tokens_back_unless_there_are_none(opened: Opened) -> None:
    opened.knows(free=1)
    await opened.told()
    await opened.enter(ALICE)
    await opened.gate.release(opened.key, ALICE.order_no)
    assert await opened.enter(BOB) is Outcome.ADMITTED
    await opened.gate.release(opened.key, BOB.order_no, returning=False)
    assert await opened.enter(ALICE) is Outcome.SOLD_OUT
    await opened.told()
    assert await opened.enter(ALICE) is Outcome.ADMITTED


async def test_what_the_database_knows_of_orders_is_known_after_a_loss(opened: Opened) -> None:
    await opened.redis.delete(f"gate:{{flash_sale:{opened.key.sku}}}")
    opened.knows(free=0, orders=(Counted("a1", "alice", 1),), position=9)
    await opened.told()
    assert await opened.enter(ALICE) is Outcome.KNOWN
    assert await opened.enter(BOB) is Outcome.SOLD_OUT
    await opened.told()
    assert opened.seen[-2:] == [None, Seen("noon", 9)]


async def test_of_many_who_find_no_gate_one_builds_it(opened: Opened) -> None:
    key = GateKey("flash_sale", f"{opened.key.sku}-other")
    answers = await asyncio.gather(*(opened.gate.look(key, ALICE, NOON) for _ in range(20)))
    assert [answer.outcome for answer in answers] == [Outcome.UNKNOWN] * 20
    assert sum(answer.first for answer in answers) == 1
    await opened.gate.give_up(key)
    assert (await opened.gate.look(key, ALICE, NOON)).first


async def test_goods_of_no_campaign_have_no_gate_for_a_while(opened: Opened) -> None:
    opened.key, opened.known = GateKey("flash_sale", f"{opened.key.sku}-none"), None
    await opened.told()
    assert await opened.enter(ALICE) is Outcome.UNGUARDED
    assert 0 < await opened.redis.pttl(f"gate:{{flash_sale:{opened.key.sku}}}") <= 5_000


async def test_the_next_campaign_of_a_sku_begins_anew(opened: Opened) -> None:
    await opened.enter(ALICE)
    opened.knows(campaign=campaign(opened.key.sku, "afternoon"), free=1, orders=())
    await opened.told()
    assert await opened.enter(ALICE) is Outcome.OTHER, "its quote is of the campaign before"
    await opened.gate.confirm(opened.key, ALICE)
    assert await opened.enter(replace(BOB, campaign="afternoon")) is Outcome.ADMITTED


async def test_a_refresh_that_began_before_a_loss_is_ignored(opened: Opened) -> None:
    async def read(seen: Seen | None, leased: Leased) -> Knowledge | None:
        await opened.redis.delete(f"gate:{{flash_sale:{opened.key.sku}}}")
        opened.knows(free=1)
        await opened.told()
        opened.knows(free=1000)
        return opened.known

    await opened.gate.refresh(opened.key, read, NOON)
    assert [await opened.enter(ALICE), await opened.enter(BOB)] == [Outcome.ADMITTED, Outcome.SOLD_OUT]


async def test_a_gate_that_is_lost_while_it_is_told_but_for_its_leases_is_built_anew(opened: Opened) -> None:
    async def read(seen: Seen | None, leased: Leased) -> Knowledge | None:
        await opened.redis.delete(f"gate:{{flash_sale:{opened.key.sku}}}")
        assert set(await leased()) == {"a1"}
        return opened.known

    await opened.enter(ALICE)
    await opened.gate.refresh(opened.key, read, NOON)
    assert await opened.enter(BOB) is Outcome.UNKNOWN
    await opened.told()
    assert await opened.enter(replace(BOB, units=2)) is Outcome.ADMITTED


async def test_a_refresh_that_was_overtaken_brings_no_cancelled_order_back(opened: Opened) -> None:
    async def read(seen: Seen | None, leased: Leased) -> Knowledge | None:
        overtaken = opened.known
        opened.knows(free=3, orders=(Counted("a1", "alice", 0),), position=9)
        await opened.told()
        return overtaken

    await opened.enter(ALICE)
    opened.knows(free=2, orders=(Counted("a1", "alice", 1),), position=8)
    await opened.gate.refresh(opened.key, read, NOON)
    opened.knows(orders=())
    await opened.told()
    assert opened.seen[-1] == Seen("noon", 9)
    assert await opened.enter(replace(ALICE, order_no="a2", units=2)) is Outcome.ADMITTED


@pytest.mark.parametrize("told", [{"orders": (Counted("a1", "alice", 1),), "position": 8}, {"taken": {"a1": 1}}])
async def test_what_one_refresh_says_is_taken_was_not_counted_by_an_earlier_one(
    opened: Opened, told: dict[str, object]
) -> None:
    async def read(seen: Seen | None, leased: Leased) -> Knowledge | None:
        counted = opened.known
        await opened.enter(ALICE)
        opened.knows(free=2, **told)
        await opened.told()
        return counted

    await opened.gate.refresh(opened.key, read, NOON)
    assert await opened.enter(replace(BOB, units=2)) is Outcome.ADMITTED
    assert await opened.enter(Entrant(account="carol", units=1, order_no="c1")) is Outcome.SOLD_OUT


async def test_units_that_were_taken_before_they_were_counted_are_not_subtracted_again(opened: Opened) -> None:
    async def read(seen: Seen | None, leased: Leased) -> Knowledge | None:
        await opened.gate.confirm(opened.key, ALICE)
        assert set(await leased()) == {"a1", "b1"}
        opened.knows(free=1, taken={"a1": 1, "b1": 1})
        return opened.known

    await opened.enter(ALICE)
    await opened.enter(BOB)
    await opened.gate.refresh(opened.key, read, NOON)
    carol = Entrant(account="carol", units=1, order_no="c1")
    assert await opened.enter(carol) is Outcome.ADMITTED
    assert await opened.enter(replace(carol, order_no="c2")) is Outcome.SOLD_OUT
    await opened.gate.confirm(opened.key, BOB)
    assert await opened.enter(replace(carol, order_no="c2")) is Outcome.SOLD_OUT


async def test_whoever_entered_and_took_units_before_they_were_counted_is_asked_about(opened: Opened) -> None:
    async def read(seen: Seen | None, leased: Leased) -> Knowledge | None:
        await opened.enter(ALICE)
        opened.knows(free=2, taken={"a1": 1})  # the snapshot, in which she has them
        assert set(await leased()) == {"a1"}
        return opened.known

    await opened.gate.refresh(opened.key, read, NOON)
    assert await opened.enter(replace(BOB, units=2)) is Outcome.ADMITTED


async def test_workers_do_not_refresh_what_another_one_has_just_refreshed(opened: Opened) -> None:
    second = timedelta(seconds=1)
    before = len(opened.seen)
    for milliseconds in (100, 400, 900, 1_100):
        at = NOON + timedelta(milliseconds=milliseconds)
        await opened.gate.refresh(opened.key, opened.read, at, unless_within=second)
    assert len(opened.seen) == before + 1


async def test_redis_keeps_no_names(opened: Opened) -> None:
    await opened.enter(ALICE)
    kept = await opened.redis.hgetall(f"gate:{{flash_sale:{opened.key.sku}}}")
    assert "alice" not in str(kept)


async def test_without_redis_the_answer_is_that_it_is_away() -> None:
    async with Redis.from_url("redis://127.0.0.1:9", socket_connect_timeout=0.5) as nowhere:
        gate = Gate(nowhere)
        for _ in range(2):
            with pytest.raises(GateAway):
                await gate.look(GateKey("flash_sale", "any"), ALICE, NOON)


@pytest.mark.parametrize("life", [Sale, TroubledSale])
def test_no_interleaving_makes_a_gate_too_generous_for_long(stack: Stack, life: type[Sale]) -> None:
    with asyncio.Runner() as runner:
        life.runner, life.redis = runner, Redis.from_url(stack.addresses.redis)
        run_state_machine_as_test(life, settings=settings(max_examples=30, stateful_step_count=50, deadline=None))
        runner.run(life.redis.aclose())
