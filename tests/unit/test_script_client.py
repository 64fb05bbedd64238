"""The commands' client waits out what passes, and hands over what does not."""

import httpx
import pytest
from pydantic import SecretStr

from api.authentication import Authenticator
from cli.client import Api, ApiProblem, ApiUnreachable
from ordersaga.settings import AuthSettings
from tests.unit.fake_shop import SECRET, FakeShop


def api(*answers: httpx.Response | httpx.TransportError, patience: float = 5.0) -> tuple[Api, list[httpx.Request]]:
    left, seen = list(answers), []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if isinstance(now := left.pop(0), httpx.TransportError):
            raise now
        return now

    transport = httpx.MockTransport(answer)
    return Api("http://shop.test/", secret=SECRET, patience=patience, transport=transport), seen


async def test_a_call_is_repeated_with_its_key_while_the_api_is_away_or_busy() -> None:
    busy = httpx.Response(409, headers={"Retry-After": "0"})
    away = httpx.ConnectError("refused")
    shop, seen = api(away, httpx.Response(503), busy, httpx.Response(201, json={"order_no": "1"}))
    async with shop:
        assert await shop.buyer("ana").post("/v1/orders", {"quote_token": "t"}, key="k") == {"order_no": "1"}
    assert [request.headers["Idempotency-Key"] for request in seen] == ["k"] * 4
    assert {request.content for request in seen} == {b'{"quote_token":"t"}'}


async def test_patience_ends() -> None:
    shop, _ = api(*[httpx.ConnectError("refused")] * 9, patience=0.25)
    async with shop:
        with pytest.raises(ApiUnreachable, match="GET /v1/skus: ConnectError refused"):
            await shop.nobody().get("/v1/skus")


async def test_a_refusal_carries_its_status_code_and_document() -> None:
    shop, _ = api(httpx.Response(409, json={"code": "out_of_stock", "detail": "not enough of TEA"}))
    async with shop:
        with pytest.raises(ApiProblem, match="409 out_of_stock: not enough of TEA") as caught:
            await shop.buyer("ana").post("/v1/orders", {})
    assert (caught.value.status, caught.value.code) == (409, "out_of_stock")


async def test_tokens_name_their_role_and_bounds() -> None:
    shop, seen = api(*[httpx.Response(200, json={})] * 3)
    async with shop:
        for caller in (shop.buyer("ana"), shop.warehouse("tpe-1"), shop.merchant("moon-books")):
            await caller.get("/v1/orders")
    reader = Authenticator(AuthSettings(development_secret=SecretStr(SECRET)))
    callers = [await reader.authenticate(request.headers["Authorization"].removeprefix("Bearer ")) for request in seen]
    assert [(who.role.value, who.warehouse_id, who.merchant_id) for who in callers] == [
        ("buyer", None, None),
        ("warehouse", "tpe-1", None),
        ("merchant", None, "moon-books"),
    ]


async def test_a_list_is_read_page_after_page() -> None:
    shop = FakeShop(page=2, parcels={str(number): {"state": "created", "n": number} for number in range(5)})
    async with shop.api() as api:
        assert [item["n"] async for item in api.operator().pages("/v1/parcels", open="true")] == [0, 1, 2, 3, 4]
