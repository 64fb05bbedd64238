"""Whoever is refused by a sale's gate hears the same from the turnstile as from the framework behind it (R-TYPE-2)."""

import json
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive

from api import turnstile
from api.turnstile import Turnstile
from devstack.stack import Stack
from ordersaga.settings import Allowance, RateLimitSettings
from tests.flash_sales import FlashSale
from tests.security.own_api import serving, settings_of
from tests.shop import Document, Person, Shop, items, refused

ITS_OWN = {"x-trace-id"}
FEW = RateLimitSettings(
    enabled=True,
    quotes=Allowance(per_caller=2, per_address=100),
    submits=Allowance(per_caller=2, per_address=100),
)


@dataclass
class Asking:
    """A request. `person` is `None` for nobody."""

    path: str
    body: Any
    person: Person | None
    headers: dict[str, str] = field(default_factory=dict)

    async def of(self, http: httpx.AsyncClient) -> httpx.Response:
        content = (
            self.body if isinstance(self.body, bytes) or hasattr(self.body, "__aiter__") else json.dumps(self.body)
        )
        token = {"Authorization": f"Bearer {self.person.token}"} if self.person else {}
        headers = {"Content-Type": "application/json", **token, **self.headers}
        return await http.post(self.path, content=content, headers={k: v for k, v in headers.items() if v})


@dataclass
class Ways:
    """The same application with the turnstile, and without; `went_on` has the requests that passed it."""

    through: httpx.AsyncClient
    around: httpx.AsyncClient
    went_on: list[object]

    async def agree(self, asking: Asking) -> httpx.Response:
        there, here = await asking.of(self.around), await asking.of(self.through)
        assert (here.status_code, here.content) == (there.status_code, there.content)
        assert told(here) == told(there)
        return here


def told(answer: httpx.Response) -> Mapping[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in ITS_OWN}


@pytest.fixture
async def ways(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ways]:
    went_on: list[object] = []
    again = turnstile._again

    def counted(message: Message, receive: Receive) -> Receive:
        went_on.append(message)
        return again(message, receive)

    monkeypatch.setattr(turnstile, "_again", counted)
    settings = settings_of(stack, monkeypatch)
    async with serving(settings) as (_, through), serving(settings) as (app, around):
        take_away(app)
        yield Ways(through, around, went_on)


def take_away(app: FastAPI) -> None:
    app.user_middleware = [layer for layer in app.user_middleware if layer.cls is not cast(Any, Turnstile)]


@pytest.fixture
async def late(shop: Shop) -> tuple[FlashSale, Document]:
    """A sale that is sold out, paid for so that it stays so, and a quote that bob had before."""
    sale, alice = await FlashSale.opens(shop, 1), shop.buyer("alice")
    quote = await sale.previews(shop.buyer("bob"))
    await is_paid(shop, alice, await sale.places(alice))
    return sale, {"quote_token": quote["quote_token"]}


async def is_paid(shop: Shop, buyer: Person, order_no: str) -> None:
    await shop.pays(buyer, order_no)
    await shop.until(order_no, "in_production")


async def test_refusals_of_the_gate_are_answered_at_the_turnstile_as_by_the_framework(
    ways: Ways, shop: Shop, late: tuple[FlashSale, Document]
) -> None:
    sale, body = late
    bob, limited = shop.buyer("bob"), await FlashSale.opens(shop, 5, limit=1)
    another = await limited.previews(bob)
    await is_paid(shop, bob, await limited.places(bob))
    early = await FlashSale.opens(shop, 1, begins=timedelta(minutes=20))
    for code, path, asked, headers in (
        ("sold_out", "/v1/orders", body, {}),
        (
            "sold_out",
            "/v1/orders",
            {**body, "payment_channel": "card"},
            {"Idempotency-Key": "k", "X-Device-Id": "d"},
        ),
        ("sold_out", "/v1/orders", body, {"Content-Type": "application/json; charset=utf-8", "Accept-Language": "zh"}),
        ("sold_out", "/v1/quotes", sale.body(), {}),
        ("sold_out", "/v1/quotes", sale.body(3), {"Idempotency-Key": "not looked at"}),
        ("purchase_limit_exceeded", "/v1/orders", {"quote_token": another["quote_token"]}, {}),
        ("purchase_limit_exceeded", "/v1/quotes", limited.body(), {}),
        ("campaign_unavailable", "/v1/quotes", early.body(), {}),
    ):
        refused(await ways.agree(Asking(path, asked, bob, headers)), 409, code)
    assert ways.went_on == []


async def test_whatever_else_is_the_matter_goes_on_and_is_refused_as_ever(
    ways: Ways, shop: Shop, late: tuple[FlashSale, Document]
) -> None:
    sale, body = late
    bob, carol, merchant = shop.buyer("bob"), shop.buyer("carol"), shop.merchant()
    broken = [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 5_000]
    askings = [
        Asking("/v1/orders", body, None),
        Asking("/v1/orders", body, Person(shop.http, "bob", f"{bob.token}x")),
        Asking("/v1/orders", body, bob, {"Authorization": "Basic Ym9i"}),
        Asking("/v1/orders", body, merchant),
        Asking("/v1/quotes", sale.body(), merchant),
        Asking("/v1/orders", body, carol),
        Asking("/v1/orders", {"quote_token": f"{body['quote_token']}x"}, bob),
        Asking("/v1/orders", {**body, "payment_channel": "seashells"}, bob),
        Asking("/v1/orders", {**body, "delivery_note": ""}, bob),
        Asking("/v1/orders", {**body, "quantity": 1}, bob),
        Asking("/v1/orders", body, bob, {"Idempotency-Key": "two words"}),
        Asking("/v1/orders", body, bob, {"X-Device-Id": "x" * 201}),
        Asking("/v1/orders", body, bob, {"Content-Type": "text/plain"}),
        Asking("/v1/orders", body, bob, {"Content-Type": ""}),
        Asking("/v1/quotes", sale.body(points=-1), bob),
        Asking("/v1/quotes", sale.body(order_type="flash_sales"), bob),
        Asking("/v1/quotes", sale.body(items=items((sale.sku, 1), ("another", 1))), bob),
        Asking("/v1/quotes", sale.body(), None),
        *(Asking(path, content, bob) for content in broken for path in ("/v1/orders", "/v1/quotes")),
    ]
    for asking in askings:
        answer = await ways.agree(asking)
        assert 400 <= answer.status_code < 500, asking
        assert answer.json()["code"] not in ("sold_out", "unavailable"), asking


async def test_a_body_in_an_unusual_form_is_read_by_the_framework(
    ways: Ways, shop: Shop, late: tuple[FlashSale, Document]
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in batches(json.dumps(late[1]).encode()):
            yield piece

    bob = shop.buyer("bob")
    refused(await Asking("/v1/orders", pieces(), bob).of(ways.through), 409, "sold_out")
    another_encoding = Asking("/v1/orders", json.dumps(late[1]).encode("utf-16"), bob)
    refused(await ways.agree(another_encoding), 409, "sold_out")
    too_long = Asking("/v1/orders", b"x" * 2_000_000, bob)
    refused(await ways.agree(too_long), 413, "body_too_large")


def batches(content: bytes) -> Iterator[bytes]:
    return (content[place : place + 100] for place in range(0, len(content), 100))


async def test_who_is_refused_at_the_turnstile_is_counted_once(
    stack: Stack, shop: Shop, late: tuple[FlashSale, Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    sale, body = late
    dora = shop.buyer("dora")
    settings = settings_of(stack, monkeypatch, rate_limits=FEW)
    for path, asked, person in (("/v1/orders", body, shop.buyer("bob")), ("/v1/quotes", sale.body(), dora)):
        async with serving(settings, client=f"2001:db8:{secrets.token_hex(2)}::1") as (_, http):
            for _ in range(2):
                refused(await Asking(path, asked, person).of(http), 409, "sold_out")
            answer = await Asking(path, asked, person).of(http)
        refused(answer, 429, "rate_limited")
        assert "ratelimit-policy" in answer.headers
        assert answer.headers["ratelimit"].startswith(f'"{answer.json()["limits"][0]}";r=0;t=')
