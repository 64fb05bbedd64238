"""Production's tokens: an identity provider's, verified by its key or its JWKS; development's open nothing there."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from pydantic import SecretStr

from api.app import create_app
from api.authentication import development_token
from api.services import Services
from devstack.stack import Stack
from ordersaga.settings import AuditSettings, AuthSettings, KeyRingSettings, QuoteSettings, Settings
from tests.shop import refused

KEY = SecretStr("A" * 43 + "=")
ISSUER, AUDIENCE = "https://id.example", "shop"
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1"})
OKP = OKPKey.generate_key("Ed25519", {"kid": "okp-1"})

AnyKey = RSAKey | ECKey | OKPKey
KEYS: dict[str, AnyKey] = {"RS256": RSA, "ES256": EC, "Ed25519": OKP}
Serve = Callable[[AuthSettings], AbstractAsyncContextManager["Production"]]


@dataclass(frozen=True, slots=True)
class Production:
    """The API with production's settings, in this process."""

    http: httpx.AsyncClient
    services: Services

    async def ask(self, token: str, path: str = "/v1/orders") -> httpx.Response:
        return await self.http.get(path, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def serve(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Serve:
    monkeypatch.setenv("TEMPORAL_ADDRESS", stack.addresses.temporal)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    @asynccontextmanager
    async def serve(auth: AuthSettings) -> AsyncIterator[Production]:
        settings = Settings(
            environment="production",
            database_url=SecretStr(stack.addresses.database),
            redis_url=SecretStr(stack.addresses.redis),
            quote=QuoteSettings(keys={"k": KEY}),
            audit=AuditSettings(keys={"k": KEY}),
            encryption=KeyRingSettings(keys={"k": KEY}),
            auth=auth,
        )
        app = create_app(settings)
        async with (
            asyncio.timeout(60),
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as http,
        ):
            yield Production(http, app.state.services)

    return serve


def claims_of(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "role": "buyer", "iat": now, "exp": now + 300}
    return {name: value for name, value in (claims | changes).items() if value is not None}


def token_of(key: AnyKey, algorithm: str = "RS256", **changes: Any) -> str:
    return jwt.encode({"alg": algorithm, "kid": key.kid}, claims_of(**changes), key, algorithms=[algorithm])


def pem_of(key: AnyKey) -> str:
    return key.as_pem(private=False).decode()


def by_key(key: AnyKey) -> AuthSettings:
    return AuthSettings(public_key=pem_of(key), issuer=ISSUER, audience=AUDIENCE)


@pytest.mark.parametrize("algorithm", KEYS)
async def test_a_token_of_the_configured_key_is_accepted(serve: Serve, algorithm: str) -> None:
    async with serve(by_key(KEYS[algorithm])) as shop:
        answer = await shop.ask(token_of(KEYS[algorithm], algorithm))
    assert (answer.status_code, answer.json()) == (200, {"items": [], "next_cursor": None})


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another-shop"},
        {"aud": None},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"nbf": int(time.time()) + 86_400},
        {"role": "emperor"},
        {"role": None},
        {"sub": None},
        {"sub": ""},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_a_token_with_wrong_claims_is_refused(serve: Serve, changes: dict[str, Any]) -> None:
    async with serve(by_key(RSA)) as shop:
        refused(await shop.ask(token_of(RSA, **changes)), 401, "unauthenticated")


@pytest.mark.parametrize("name", ["issuer", "audience"])
async def test_a_setting_that_was_left_empty_lets_nobody_in(serve: Serve, name: str) -> None:
    async with serve(by_key(RSA).model_copy(update={name: ""})) as shop:
        refused(await shop.ask(token_of(RSA)), 401, "unauthenticated")


async def test_a_development_token_opens_nothing_in_production(serve: Serve, stack: Stack) -> None:
    secret = stack.environment["ORDERSAGA_AUTH__DEVELOPMENT_SECRET"]
    async with serve(by_key(RSA)) as shop:
        token = development_token(secret, role="operator", subject="eve")
        refused(await shop.ask(token), 401, "unauthenticated")


async def test_the_shops_numbers_are_for_operators(serve: Serve) -> None:
    """Prometheus asks the metrics port, which is inside; the public one tells nobody how many orders there are."""
    async with serve(by_key(RSA)) as shop:
        refused(await shop.http.get("/metrics"), 401, "unauthenticated")
        refused(await shop.ask(token_of(RSA), "/metrics"), 403, "forbidden")
        answer = await shop.ask(token_of(RSA, role="operator"), "/metrics")
    assert (answer.status_code, "ordersaga_http_requests_total" in answer.text) == (200, True)


async def test_the_public_key_is_no_password(serve: Serve) -> None:
    """The old trick: a token signed with the public key's text as if it were a shared secret."""

    def part(document: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()

    signed = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims_of(role='operator'))}"
    digest = hmac.digest(pem_of(RSA).encode(), signed.encode(), hashlib.sha256)
    forged = f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
    async with serve(by_key(RSA)) as shop:
        refused(await shop.ask(forged), 401, "unauthenticated")


async def test_a_key_that_is_none_is_refused_when_the_api_starts(serve: Serve) -> None:
    with pytest.raises(ValueError, match=r"auth\.public_key"):
        async with serve(AuthSettings(public_key="-----BEGIN PUBLIC KEY-----")):
            pass


async def test_a_token_of_another_key_is_refused(serve: Serve) -> None:
    stranger = RSAKey.generate_key(2048, {"kid": "rsa-1"})
    async with serve(by_key(RSA)) as shop:
        refused(await shop.ask(token_of(stranger)), 401, "unauthenticated")
        refused(await shop.ask(token_of(EC, "ES256")), 401, "unauthenticated")


@dataclass
class IdentityProvider:
    """Publishes keys on the loopback, and counts how often somebody comes for them."""

    keys: list[AnyKey]
    url: str = ""
    fetches: int = 0
    status: str = "200 OK"
    _server: asyncio.Server | None = field(default=None, repr=False)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.fetches += 1
        body = json.dumps(KeySet(list(self.keys)).as_dict(private=False)).encode()
        head = f"HTTP/1.1 {self.status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        writer.write(head.encode() + b"connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()


@pytest.fixture
async def identity() -> AsyncIterator[IdentityProvider]:
    provider = IdentityProvider([RSA, EC])
    server = await asyncio.start_server(provider.answer, "127.0.0.1", 0)
    provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
    async with server:
        yield provider


def by_jwks(identity: IdentityProvider) -> AuthSettings:
    return AuthSettings(jwks_url=identity.url, issuer=ISSUER, audience=AUDIENCE)


async def test_published_keys_are_fetched_once_and_each_opens(serve: Serve, identity: IdentityProvider) -> None:
    async with serve(by_jwks(identity)) as shop:
        for key, algorithm in ((RSA, "RS256"), (EC, "ES256"), (RSA, "RS256")):
            assert (await shop.ask(token_of(key, algorithm))).status_code == 200
    assert identity.fetches == 1


async def test_a_stream_of_bad_tokens_is_no_stream_of_fetches(serve: Serve, identity: IdentityProvider) -> None:
    async with serve(by_jwks(identity)) as shop:
        for _ in range(5):
            refused(await shop.ask(token_of(OKP, "Ed25519")), 401, "unauthenticated")
    assert identity.fetches == 1


async def test_a_key_that_was_rotated_in_is_fetched_when_a_minute_has_passed(
    serve: Serve, identity: IdentityProvider
) -> None:
    async with serve(by_jwks(identity)) as shop:
        assert (await shop.ask(token_of(RSA))).status_code == 200
        identity.keys = [OKP]
        shop.services.authenticator._jwks_fetched_at -= 61  # instead of waiting
        assert (await shop.ask(token_of(OKP, "Ed25519"))).status_code == 200
        refused(await shop.ask(token_of(RSA)), 401, "unauthenticated")
    assert identity.fetches == 2


async def test_an_identity_provider_that_is_away_is_not_the_callers_fault(
    serve: Serve, identity: IdentityProvider
) -> None:
    identity.status = "503 Service Unavailable"
    async with serve(by_jwks(identity)) as shop:
        answer = await shop.ask(token_of(RSA))
        refused(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        identity.status = "200 OK"
        assert (await shop.ask(token_of(RSA))).status_code == 200


async def test_production_knows_no_pretended_money(serve: Serve) -> None:
    async with serve(by_key(RSA)) as shop:
        token = token_of(RSA)
        for path in ("/sandbox", "/sandbox/cashier/x", "/sandbox/api/payments/x"):
            assert (await shop.ask(token, path)).status_code == 404
        callback = await shop.http.post("/v1/webhooks/payments/sandbox", json={})
        refused(callback, 404, "not_found")
        refused(await shop.http.post("/v1/webhooks/logistics/sandbox", json={}), 404, "not_found")
