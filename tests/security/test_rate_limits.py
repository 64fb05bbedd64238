"""Rate limits: by caller and by address, over all processes, and while Redis is away by each process alone."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator

import httpx
import pytest
from redis.asyncio import Redis

from api.hardening.rates import Limited, RateLimiter, network_of
from api.problems import Problem
from devstack.stack import Stack
from ordersaga.settings import Allowance, RateLimitSettings, Settings
from tests.security.own_api import serving, settings_of
from tests.shop import TAIPEI, Person, Shop, items, refused

PRODUCTION = {"environment": "production"}
NOWHERE = "redis://127.0.0.1:1/0"
FEW = RateLimitSettings(
    enabled=True,
    quotes=Allowance(per_caller=3, per_address=5),
    submits=Allowance(per_caller=2, per_address=100),
    logins=Allowance(per_caller=2, per_address=2),
)

_addresses = itertools.count(1)


def new_address() -> str:
    """Redis remembers for two minutes, and the stack is shared: each test comes from elsewhere."""
    return f"2001:db8:{secrets.token_hex(2)}:{next(_addresses)}::1"


@pytest.fixture
def settings(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return settings_of(stack, monkeypatch, rate_limits=FEW)


@pytest.fixture
async def sku(shop: Shop) -> str:
    return await shop.shelves()


async def asks(http: httpx.AsyncClient, person: Person, sku: str) -> httpx.Response:
    body = {"items": items((sku, 1)), "address": TAIPEI}
    return await Person(http, person.subject, person.token).ask("POST", "/v1/quotes", body)


async def test_a_caller_who_asks_too_often_is_told_when_to_come_back(settings: Settings, shop: Shop, sku: str) -> None:
    async with serving(settings, client=new_address()) as (_, http):
        for _ in range(3):
            answer = await asks(http, shop.buyer(), sku)
            assert answer.status_code == 200
            assert answer.headers["ratelimit-policy"] == '"quotes-address";q=5;w=60, "quotes";q=3;w=60'
        answer = await asks(http, shop.buyer(), sku)
        problem = refused(answer, 429, "rate_limited")
        assert problem["limits"] == ["quotes"]
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert answer.headers["ratelimit"].startswith('"quotes";r=0;t=')
        assert (await asks(http, shop.buyer("bob"), sku)).status_code == 200, "it is not his fault"


async def test_an_address_that_asks_too_often_is_refused_whoever_it_says_it_is(
    settings: Settings, shop: Shop, sku: str
) -> None:
    address = new_address()
    async with serving(settings, client=address) as (_, http):
        answers = [await asks(http, shop.buyer(f"b{number}"), sku) for number in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert refused(answers[-1], 429, "rate_limited")["limits"] == ["quotes-address"]
    async with serving(settings, client=address.replace("::1", "::2")) as (_, http):
        refused(await asks(http, shop.buyer("next-door"), sku), 429, "rate_limited")


async def test_submits_are_counted_apart(settings: Settings, shop: Shop) -> None:
    async with serving(settings, client=new_address()) as (_, http):
        carol = Person(http, "", shop.buyer("carol").token)
        for _ in range(2):
            refused(await carol.ask("POST", "/v1/orders", {"quote_token": "x"}), 400, "quote_invalid")
        refused(await carol.ask("POST", "/v1/orders", {"quote_token": "x"}), 429, "rate_limited")
        assert (await carol.ask("GET", "/v1/orders")).status_code == 200


async def test_nobody_guesses_claim_codes_for_long(stack: Stack, monkeypatch: pytest.MonkeyPatch, shop: Shop) -> None:
    few = FEW.model_copy(update={"claims": Allowance(per_caller=2, per_address=100)})
    async with serving(settings_of(stack, monkeypatch, rate_limits=few), client=new_address()) as (_, http):
        dora = Person(http, "", shop.buyer("dora").token)
        for guess in ("A", "B"):
            refused(await dora.ask("POST", "/v1/coupons", {"claim_code": guess}), 404, "not_found")
        refused(await dora.ask("POST", "/v1/coupons", {"claim_code": "C"}), 429, "rate_limited")
        assert (await dora.ask("GET", "/v1/coupons")).status_code == 200


async def test_nobody_looks_for_codes_for_long(stack: Stack, monkeypatch: pytest.MonkeyPatch, shop: Shop) -> None:
    few = FEW.model_copy(update={"reveals": Allowance(per_caller=2, per_address=100)})
    async with serving(settings_of(stack, monkeypatch, rate_limits=few), client=new_address()) as (_, http):
        erin = Person(http, "", shop.buyer("erin").token)
        for guess in ("A", "B"):
            refused(await erin.ask("POST", f"/v1/orders/{guess}/lines/1/reveal"), 404, "not_found")
        refused(await erin.ask("POST", "/v1/orders/C/lines/1/reveal"), 429, "rate_limited")


async def test_bad_tokens_are_failed_logins_and_good_ones_are_not_refused_for_them(
    settings: Settings, shop: Shop
) -> None:
    async with serving(settings, client=new_address()) as (_, http):
        for _ in range(2):
            refused(await Person(http, "", "a.b.c").ask("GET", "/v1/orders"), 401, "unauthenticated")
        refused(await Person(http, "", "a.b.c").ask("GET", "/v1/orders"), 429, "rate_limited")
        assert (await Person(http, "", shop.buyer().token).ask("GET", "/v1/orders")).status_code == 200


async def test_development_counts_nothing_unless_told_to(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, shop: Shop, sku: str
) -> None:
    few = FEW.model_copy(update={"enabled": None})
    settings = settings_of(stack, monkeypatch, rate_limits=few)
    assert not settings.counts_requests
    async with serving(settings, client=new_address()) as (_, http):
        answers = await asyncio.gather(*(asks(http, shop.buyer(), sku) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert all("ratelimit-policy" not in answer.headers for answer in answers)


async def test_production_counts_unless_told_not_to(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(stack, monkeypatch)
    assert settings.model_copy(update=PRODUCTION).counts_requests
    off = RateLimitSettings(enabled=False)
    assert not settings.model_copy(update=PRODUCTION | {"rate_limits": off}).counts_requests


@pytest.fixture
async def redis(stack: Stack) -> AsyncIterator[Redis]:
    client = Redis.from_url(stack.addresses.redis, socket_timeout=5)
    yield client
    await client.aclose()


async def spent(limiter: RateLimiter, caller: str, times: int) -> list[bool]:
    """Which of that many requests, one after the other, were let through."""
    answers = []
    for _ in range(times):
        try:
            await limiter.spend(Limited.SUBMITS, address=caller, caller=caller)
            answers.append(True)
        except Problem as problem:
            answers.append(problem.code != "rate_limited" or int(problem.headers["Retry-After"]) < 1)
    return answers


async def test_processes_count_together(redis: Redis) -> None:
    one, other = RateLimiter(FEW, redis, enabled=True), RateLimiter(FEW, redis, enabled=True)
    caller = secrets.token_hex(8)
    assert await spent(one, caller, 1) + await spent(other, caller, 2) == [True, True, False]


async def test_requests_at_once_are_never_more_than_allowed(redis: Redis) -> None:
    limiter, caller = RateLimiter(FEW, redis, enabled=True), secrets.token_hex(8)
    answers = await asyncio.gather(*(spent(limiter, caller, 1) for _ in range(20)))
    assert sum(answer == [True] for answer in answers) == 2


async def test_without_redis_each_process_counts_alone_and_nobody_waits() -> None:
    async with Redis.from_url(NOWHERE, socket_timeout=0.5, socket_connect_timeout=0.5) as nowhere:
        limiter, caller = RateLimiter(FEW, nowhere, enabled=True), secrets.token_hex(8)
        async with asyncio.timeout(15):
            assert await spent(limiter, caller, 40) == [True, True] + [False] * 38


async def test_a_redis_that_takes_connections_and_says_nothing_is_away_too() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Redis.from_url(url, socket_timeout=0.5) as mute:
            limiter, caller = RateLimiter(FEW, mute, enabled=True), secrets.token_hex(8)
            async with asyncio.timeout(15):
                assert await spent(limiter, caller, 40) == [True, True] + [False] * 38


async def test_when_redis_is_back_it_counts_for_all_again(redis: Redis) -> None:
    limiter, caller = RateLimiter(FEW, redis, enabled=True), secrets.token_hex(8)
    limiter._away_until = 0.001  # its cooldown has passed
    assert await spent(limiter, caller, 3) == [True, True, False]
    assert await spent(RateLimiter(FEW, redis, enabled=True), caller, 1) == [False]


async def test_redis_learns_neither_names_nor_addresses(redis: Redis) -> None:
    caller = f"recognisable-{secrets.token_hex(4)}"
    await RateLimiter(FEW, redis, enabled=True).spend(Limited.QUOTES, address="198.51.100.77", caller=caller)
    keys = [key.decode() async for key in redis.scan_iter("*")]
    assert any("quotes" in key for key in keys)
    assert not [key for key in keys if caller in key or "198.51.100.77" in key]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("not an address", "not an address"),
        ("", ""),
    ],
)
def test_who_rents_a_network_is_one_somebody(address: str, network: str) -> None:
    assert network_of(address) == network
