"""A small typed client of the public HTTP contract, for the commands that act through it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from api.authentication import Role, development_token

JsonObject = dict[str, Any]

_PASSING_TROUBLE = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the HTTP status and the JSON document, empty where there was none."""

    status: int
    body: JsonObject


class ApiProblem(Exception):
    """The API refused a call with a problem document (RFC 9457)."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self.code = str(answer.body.get("code", "unknown"))
        self.body = answer.body
        detail = answer.body.get("detail") or answer.body.get("title") or ""
        super().__init__(f"{answer.status} {self.code}: {detail}".rstrip(": "))


class ApiUnreachable(Exception):
    """The API gave no usable answer within the caller's patience."""


class Api:
    """One pool of connections to the API; `buyer`, `operator` … speak through it for one caller each.

    `patience` is how many seconds a call is repeated while the API is away or asks to come back later. Every POST
    carries an idempotency key where the caller gave one, so repeating is harmless.
    """

    def __init__(
        self,
        url: str,
        *,
        secret: str,
        patience: float = 30.0,
        connections: int = 32,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.patience = patience
        self._secret = secret
        self._tokens: dict[tuple[Role, str], str] = {}
        self._http = httpx.AsyncClient(
            base_url=self.url,
            timeout=httpx.Timeout(30.0),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            transport=transport,
            # A proxy from the environment is for the outside world, not for this machine.
            trust_env=urlsplit(url).hostname not in {"127.0.0.1", "localhost", "::1"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    def buyer(self, subject: str) -> "Caller":
        return self._caller(Role.BUYER, subject)

    def operator(self, subject: str = "operator") -> "Caller":
        return self._caller(Role.OPERATOR, subject)

    def downstream(self, subject: str = "bookkeeping") -> "Caller":
        return self._caller(Role.DOWNSTREAM, subject)

    def warehouse(self, warehouse_id: str) -> "Caller":
        return self._caller(Role.WAREHOUSE, f"clerk-{warehouse_id}", warehouse_id=warehouse_id)

    def merchant(self, merchant_id: str) -> "Caller":
        return self._caller(Role.MERCHANT, f"seller-{merchant_id}", merchant_id=merchant_id)

    def nobody(self) -> "Caller":
        """A caller without a token: visitors, and partners that sign what they send."""
        return Caller(self, "nobody", None)

    def _caller(
        self, role: Role, subject: str, *, merchant_id: str | None = None, warehouse_id: str | None = None
    ) -> "Caller":
        key = (role, subject)
        token = self._tokens.get(key)
        if token is None:
            token = development_token(
                self._secret, role=role, subject=subject, merchant_id=merchant_id, warehouse_id=warehouse_id
            )
            self._tokens[key] = token
        return Caller(self, subject, token)

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: JsonObject | bytes | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        patience: float | None = None,
    ) -> Answer:
        """One call, repeated while the trouble is of the passing kind. Raises `ApiUnreachable`."""
        deadline = time.monotonic() + (self.patience if patience is None else patience)
        pause = 0.1
        while True:
            try:
                response = await self._http.request(
                    method,
                    path,
                    headers=headers,
                    params=params,
                    json=body if isinstance(body, dict) else None,
                    content=body if isinstance(body, bytes) else None,
                )
                later = _comes_later(response)
                if later is None:
                    return Answer(response.status_code, _document(response))
                trouble, wait = f"HTTP {response.status_code}", max(pause, later)
            except httpx.TransportError as error:
                trouble, wait = f"{type(error).__name__} {error}".strip(), pause
            if time.monotonic() + wait > deadline:
                raise ApiUnreachable(f"{method} {path}: {trouble}")
            await asyncio.sleep(wait)
            pause = min(pause * 2, 5.0)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who speaks with the API. `get`, `post` … raise `ApiProblem` for every answer that is not a success."""

    api: Api
    subject: str
    token: str | None

    async def ask(
        self,
        method: str,
        path: str,
        body: JsonObject | bytes | None = None,
        *,
        key: str | None = None,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a call and take any answer, refusals too. `key` is the idempotency key."""
        sent = dict(headers or {})
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if key is not None:
            sent["Idempotency-Key"] = key
        return await self.api.send(method, path, body=body, headers=sent, params=params)

    async def get(self, path: str, **params: str | int) -> JsonObject:
        return _success(await self.ask("GET", path, params={name: str(value) for name, value in params.items()}))

    async def post(self, path: str, body: JsonObject, *, key: str | None = None) -> JsonObject:
        return _success(await self.ask("POST", path, body, key=key))

    async def put(self, path: str, body: JsonObject) -> JsonObject:
        return _success(await self.ask("PUT", path, body))

    async def patch(self, path: str, body: JsonObject) -> JsonObject:
        return _success(await self.ask("PATCH", path, body))

    async def pages(self, path: str, **params: str | int) -> AsyncIterator[JsonObject]:
        """Every item of a list, page after page."""
        cursor: str | None = None
        while True:
            page = await self.get(path, **params, **({"cursor": cursor} if cursor else {}))
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"]
            if cursor is None:
                return


def _success(answer: Answer) -> JsonObject:
    if answer.status >= 400:
        raise ApiProblem(answer)
    return answer.body


def _comes_later(response: httpx.Response) -> float | None:
    """The seconds to wait when an answer means "not now": trouble that passes, or the same call still in flight."""
    asked = response.headers.get("Retry-After")
    if response.status_code not in _PASSING_TROUBLE and not (response.status_code == 409 and asked):
        return None
    return float(asked) if asked and asked.isdecimal() else 0.0


def _document(response: httpx.Response) -> JsonObject:
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {"items": document}
