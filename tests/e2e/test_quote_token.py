"""The quote token: whatever is changed in it, by whomever, it is no quote any more (R-SUB-3)."""

import asyncio
import base64
import secrets
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from api.quote import Quote
from api.sealing import Sealer
from devstack.stack import Stack
from ordersaga.settings import QuoteSettings
from tests.shop import Document, Person, Shop, refused

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Bench:
    """A buyer with a good quote, and the keys that sealed it."""

    def __init__(self, shop: Shop, buyer: Person, sku: str, quote: Document) -> None:
        self.shop, self.buyer, self.sku = shop, buyer, sku
        self.token = str(quote["quote_token"])
        self.sealer = sealer_of(shop.secrets.quote_key)

    async def submit(self, token: str, buyer: Person | None = None) -> httpx.Response:
        return await (buyer or self.buyer).ask("POST", "/v1/orders", {"quote_token": token})

    async def expect_invalid(self, *tokens: str) -> None:
        async with self.shop.nothing_changes(self.buyer, self.sku):
            answers = await asyncio.gather(*(self.submit(token) for token in tokens))
        for answer in answers:
            refused(answer, 400, "quote_invalid")


def sealer_of(key: str, key_id: str = "k1") -> Sealer:
    return Sealer(QuoteSettings(keys={key_id: SecretStr(key)}, ttl_seconds=900))


def resealed(sealer: Sealer, quote: Quote, **changes: object) -> str:
    values = {name: getattr(quote, name) for name in Quote.__dataclass_fields__}
    return sealer.seal(Quote(**(values | changes)))


@pytest.fixture(scope="module")
async def bench(stack: Stack, http: httpx.AsyncClient) -> Bench:
    shop = await Shop.open(stack, http)
    buyer, sku = shop.buyer(), await shop.shelves()
    return Bench(shop, buyer, sku, await shop.previews(buyer, (sku, 1)))


async def test_no_character_of_the_token_may_change(bench: Bench) -> None:
    ends = [place - 1 for place, letter in enumerate(bench.token) if letter == "."] + [len(bench.token) - 1]
    starts = [place + 1 for place, letter in enumerate(bench.token) if letter == "."] + [0]
    sampled = sorted({*ends, *starts, *range(0, len(bench.token), 29)})
    tampered = [
        bench.token[:place] + _LETTERS[(_LETTERS.index(letter) + step) % 64] + bench.token[place + 1 :]
        for place in sampled
        if (letter := bench.token[place]) != "."
        for step in (1, 2)
    ]
    assert len(tampered) > 40
    await bench.expect_invalid(*tampered)


async def test_no_segment_may_be_exchanged_left_out_or_added(bench: Bench) -> None:
    other = (await bench.shop.previews(bench.buyer, (bench.sku, 2)))["quote_token"]
    parts, foreign = bench.token.split("."), other.split(".")
    exchanged = [
        ".".join([*parts[:place], foreign[place], *parts[place + 1 :]])
        for place in range(5)
        if parts[place] != foreign[place]
    ]
    assert len(exchanged) >= 3
    swapped = ".".join([parts[0], parts[1], parts[3], parts[2], parts[4]])
    emptied = [".".join([*parts[:place], "", *parts[place + 1 :]]) for place in (0, 2, 3, 4)]
    keyed = ".".join([parts[0], "AAAA", *parts[2:]])
    await bench.expect_invalid(*exchanged, swapped, *emptied, keyed, f"{bench.token}.", f"{bench.token}.AAAA")


async def test_a_token_must_be_whole_and_spelt_as_it_was_sealed(bench: Bench) -> None:
    cut = [bench.token[:length] for length in (1, 10, len(bench.token) // 2, len(bench.token) - 1)]
    odd = [f"{bench.token}=", f" {bench.token}", f"{bench.token}\n", bench.token.upper(), "x", "....", "號.號.號.號.號"]
    await bench.expect_invalid(*cut, *odd)


async def test_no_other_algorithm_or_key_is_taken_from_the_token_itself(bench: Bench) -> None:
    rest = bench.token.split(".", 1)[1]
    headers = (
        b'{"alg":"none","enc":"A256GCM","kid":"k1"}',
        b'{"alg":"dir","enc":"A128CBC-HS256","kid":"k1"}',
        b'{"alg":"dir","enc":"A256GCM","kid":"k2"}',
        b'{"alg":"dir","enc":"A256GCM"}',
        b'{"alg":"dir","enc":"A256GCM","kid":["k1"]}',
        b"[]",
        b"",
    )
    spelt = [base64.urlsafe_b64encode(header).rstrip(b"=").decode() for header in headers]
    await bench.expect_invalid(*(f"{header}.{rest}" for header in spelt))


async def test_a_token_sealed_with_another_key_is_refused_whatever_it_calls_itself(bench: Bench) -> None:
    foreign = base64.b64encode(secrets.token_bytes(32)).decode()
    quote = bench.sealer.open(bench.token)
    await bench.expect_invalid(*(sealer_of(foreign, key_id).seal(quote) for key_id in ("k1", "k2")))


async def test_somebody_elses_quote_is_refused(bench: Bench) -> None:
    mallory = bench.shop.buyer("mallory")
    async with bench.shop.nothing_changes(mallory, bench.sku):
        refused(await bench.submit(bench.token, mallory), 400, "quote_invalid")


async def test_an_expired_quote_is_refused_as_such(bench: Bench) -> None:
    quote, now = bench.sealer.open(bench.token), datetime.now(UTC)
    expired = resealed(bench.sealer, quote, quote_id="q_expired", expires_at=now - timedelta(seconds=1))
    async with bench.shop.nothing_changes(bench.buyer, bench.sku):
        problem = refused(await bench.submit(expired), 400, "quote_expired")
    assert datetime.fromisoformat(problem["expired_at"]) <= now


async def test_a_quote_lives_as_long_as_it_says(bench: Bench) -> None:
    quote = bench.sealer.open(bench.token)
    assert quote.expires_at - quote.issued_at == timedelta(minutes=15)


async def test_the_token_tells_a_reader_nothing(bench: Bench) -> None:
    readable = b"".join(
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in bench.token.split(".")
    ).decode(errors="replace")
    for told in (bench.buyer.subject, bench.sku, "Taipei", "10000"):
        assert told not in readable


async def test_the_untouched_token_is_accepted_after_all_that(bench: Bench) -> None:
    answer = await bench.submit(bench.token)
    assert answer.status_code == 201
