"""What comes over the wire: bodies and heads of bounded size, proxies that are believed or not, headers of answers."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from pydantic import SecretStr

from api.app import create_app
from api.hardening.server import uvicorn_options
from devstack.stack import Stack
from ordersaga.settings import HttpSettings, QuoteSettings, Settings
from tests.security.own_api import serving, settings_of
from tests.shop import Shop, refused

MIB = 1024**2
SHOP_PAGE, EVIL_PAGE = "https://shop.example", "https://evil.example"


def body_of(size: int) -> bytes:
    return b'{"quote_token": "' + b"x" * (size - 19) + b'"}'


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 100_000):
        yield body[start : start + 100_000]


@pytest.mark.parametrize("chunked", [False, True], ids=["said", "chunked"])
async def test_a_body_may_have_a_mebibyte_and_no_byte_more(shop: Shop, chunked: bool) -> None:
    headers = {"Authorization": f"Bearer {shop.buyer().token}", "Content-Type": "application/json"}
    for size, status, code in ((MIB, 422, "request_invalid"), (MIB + 1, 413, "body_too_large")):
        body = body_of(size)
        assert len(body) == size
        content = in_pieces(body) if chunked else body
        answer = await shop.http.post("/v1/orders", content=content, headers=headers)
        problem = refused(answer, status, code)
    assert problem["allowed_bytes"] == MIB


async def test_a_too_large_body_is_refused_before_anybody_asks_who_sends_it(shop: Shop) -> None:
    for path in ("/v1/webhooks/payments/sandbox", "/v1/orders", "/nothing/here"):
        refused(await shop.http.post(path, content=b"x" * (MIB + 1)), 413, "body_too_large")
    answer = await shop.http.post("/v1/webhooks/payments/sandbox", content=in_pieces(b"x" * (MIB + 1)))
    refused(answer, 413, "body_too_large")


async def test_operators_load_larger_catalogues(shop: Shop) -> None:
    sku = {
        "price": {"amount": 1, "currency": "TWD"},
        "merchant_id": shop.merchant_id(),
        "attributes": {f"x{n}": "y" * 1900 for n in range(60)},
    }
    catalogue = {"skus": [{**sku, "sku": f"{shop.mark}-large-{n}", "name": "Large"} for n in range(10)]}
    assert len(json.dumps(catalogue)) > MIB
    assert (await shop.operator.post("/v1/admin/catalogue", catalogue))["skus"] == 10
    answer = await shop.operator.ask("POST", "/v1/admin/catalogue", content=b" " * (16 * MIB + 1))
    refused(answer, 413, "body_too_large")


async def test_a_head_of_more_than_is_allowed_is_refused(shop: Shop) -> None:
    answer = await shop.http.get("/v1/skus", headers={"X-Long": "x" * 70_000})
    refused(answer, 431, "head_too_large")
    together = await shop.http.get("/v1/skus", params={"cursor": "x" * 60_000}, headers={"X-Long": "x" * 6_000})
    refused(together, 431, "head_too_large")


async def test_a_head_that_never_ends_is_cut_off(stack: Stack) -> None:
    host, _, port = stack.addresses.api.removeprefix("http://").partition(":")
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-endless: ")
        answer = asyncio.ensure_future(reader.read())
        while not answer.done():
            writer.write(b"x" * 4096)
            try:
                await writer.drain()
            except ConnectionError:
                break
            await asyncio.sleep(0)
        writer.close()
        try:
            said = await answer
        except ConnectionError:  # it was cut off before its answer could be read
            return
    assert said.startswith(b"HTTP/1.1 431 "), said[:200]


@asynccontextmanager
async def behind_a_proxy(settings: HttpSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A real server that tells what it takes for the client's address."""
    app = FastAPI()

    @app.get("/")
    async def who(request: Request) -> dict[str, str]:
        return {"host": request.client.host if request.client else "", "scheme": request.url.scheme}

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", **uvicorn_options(settings)))
        serving = asyncio.create_task(server.serve([listening]))
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", trust_env=False, timeout=10
        ) as http:
            yield http
        server.should_exit = True
        async with asyncio.timeout(10):
            await serving


def test_an_idle_connection_is_held_longer_than_callers_and_proxies_keep_it() -> None:
    usual_of_proxies = 60
    held = uvicorn_options(HttpSettings())["timeout_keep_alive"]
    assert held > max(usual_of_proxies, httpx.Limits().keepalive_expiry or 0)


FORWARDED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("trusted", "host", "scheme"),
    [([], "127.0.0.1", "http"), (["127.0.0.0/8"], "203.0.113.9", "https"), (["10.0.0.1"], "127.0.0.1", "http")],
    ids=["nobody", "this network", "another"],
)
async def test_only_trusted_proxies_say_where_a_request_comes_from(trusted: list[str], host: str, scheme: str) -> None:
    async with behind_a_proxy(HttpSettings(trusted_proxies=trusted)) as http:
        assert (await http.get("/", headers=FORWARDED)).json() == {"host": host, "scheme": scheme}


async def test_every_answer_has_its_security_headers(shop: Shop) -> None:
    answers = [
        await shop.buyer().ask("GET", "/v1/orders"),
        await shop.nobody().ask("GET", "/v1/orders"),
        await shop.nobody().ask("GET", "/v1/skus"),
        await shop.nobody().ask("GET", "/no/such/page"),
        await shop.nobody().ask("POST", "/v1/orders", content=b"x" * (MIB + 1)),
        await shop.nobody().ask("GET", "/sandbox"),
        await shop.nobody().ask("GET", "/docs"),
    ]
    for answer in answers:
        where = f"{answer.status_code} {answer.request.url.path}"
        assert answer.headers["x-content-type-options"] == "nosniff", where
        assert answer.headers["referrer-policy"] == "no-referrer", where
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], where
        assert "strict-transport-security" not in answer.headers, "this stack has no https"
        assert "access-control-allow-origin" not in answer.headers, where
        assert "server" not in answer.headers, where
    assert [answer.headers.get("cache-control") for answer in answers[:3]] == ["no-store", "no-store", None]


async def test_a_failure_of_ours_has_them_too(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(stack, monkeypatch, public_url=SHOP_PAGE)
    async with serving(settings) as (app, http):

        @app.get("/failing")
        async def failing() -> None:
            raise RuntimeError("our fault")

        answer = await http.get("/failing")
    assert answer.status_code == 500
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


@pytest.fixture
def unconnected() -> Settings:
    return Settings(
        database_url=SecretStr("postgresql://unused"),
        redis_url=SecretStr("redis://unused"),
        quote=QuoteSettings(keys={"k": SecretStr("A" * 43 + "=")}),
    )


@pytest.mark.parametrize(("origins", "allowed"), [([], None), ([SHOP_PAGE], SHOP_PAGE)], ids=["none", "one"])
async def test_pages_of_other_origins_read_only_where_a_setting_says_so(
    unconnected: Settings, origins: list[str], allowed: str | None
) -> None:
    settings = unconnected.model_copy(update={"http": HttpSettings(allowed_origins=origins)})
    transport = httpx.ASGITransport(create_app(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http, asyncio.timeout(10):
        answer = await http.get("/healthz", headers={"Origin": SHOP_PAGE})
        foreign = await http.get("/healthz", headers={"Origin": EVIL_PAGE})
    assert answer.headers.get("access-control-allow-origin") == allowed
    assert "access-control-allow-origin" not in foreign.headers
