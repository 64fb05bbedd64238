"""The adapter to the built-in sandbox provider, whose other side is `api/sandbox`.

Opening an attempt is a signature and no call, as with gateways that take a signed form: the cashier link carries the
attempt, so that paying costs the order system no round trip before the buyer is at the cashier.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from ordersaga.domain.errors import MoneyInvalid
from ordersaga.domain.payment import PaymentReport
from ordersaga.domain.refund import RefundReport
from ordersaga.gateways import signing
from ordersaga.gateways.payment import sandbox_reports
from ordersaga.gateways.payment.provider import (
    PaymentAttempt,
    ProviderCallback,
    ProviderUnavailable,
    RefundOrder,
    StatementPage,
)
from ordersaga.gateways.payment.sandbox_keys import CashierTicket, SandboxKeys
from ordersaga.gateways.signing import SignatureInvalid

CALL_SECONDS = 10.0


class SandboxProvider:
    """A payment provider for development (R-PAY-1). Implements `PaymentProvider`; the client stays its owner's.

    Browsers reach the cashier at `public_url`; calls and callbacks take `internal_url` where that is another one.
    """

    name = "sandbox"
    channels = frozenset({"card", "wallet", "bank_transfer"})

    def __init__(
        self, *, secret: str, public_url: str, client: httpx.AsyncClient, internal_url: str | None = None
    ) -> None:
        self._secret = secret
        self._public_url = public_url.rstrip("/")
        self._url = (internal_url or public_url).rstrip("/")
        self._client = client
        self._keys = SandboxKeys(secret)

    async def open(self, attempt: PaymentAttempt) -> str:
        """The cashier page of `attempt`. `POST <address>/simulate` acts as its buyer without the page."""
        return f"{self._public_url}/sandbox/cashier/{self._seal(attempt)}"

    async def ask(self, payment_id: str) -> PaymentReport:
        return sandbox_reports.payment_answer(payment_id, await self._call("GET", f"payments/{_segment(payment_id)}"))

    async def close(self, attempt: PaymentAttempt) -> PaymentReport:
        path = f"payments/{_segment(attempt.payment_id)}/close"
        return sandbox_reports.payment_answer(
            attempt.payment_id, await self._call("POST", path, {"token": self._seal(attempt)})
        )

    async def refund(self, refund: RefundOrder) -> RefundReport:
        amount = refund.amount
        body = {"refund_no": refund.reference, "amount": amount.amount, "currency": amount.currency}
        answer = await self._call("POST", f"payments/{_segment(refund.payment_id)}/refunds", body)
        return sandbox_reports.refund_answer(refund, answer)

    async def ask_refund(self, reference: str) -> RefundReport:
        return sandbox_reports.refund_asked(reference, await self._call("GET", f"refunds/{_segment(reference)}"))

    async def statement(self, since: datetime, until: datetime, cursor: str | None = None) -> StatementPage:
        window = {"since": since.isoformat(), "until": until.isoformat(), **({"cursor": cursor} if cursor else {})}
        return sandbox_reports.statement_answer(await self._call("GET", f"statement?{urlencode(window)}"))

    def verify(self, headers: Mapping[str, str], body: bytes) -> ProviderCallback:
        message = signing.verify(self._secret, headers, body)
        read = sandbox_reports.READERS.get(message.type)
        if read is None:
            raise SignatureInvalid(f"{message.type!r} is not an event of this provider")
        try:
            return ProviderCallback(event_id=message.event_id, report=read(message.data))
        except (MoneyInvalid, ValueError) as error:
            raise SignatureInvalid(f"the callback is malformed: {error}") from error

    def _seal(self, attempt: PaymentAttempt) -> str:
        return self._keys.seal(CashierTicket(attempt, f"{self._url}/v1/webhooks/payments/{self.name}"))

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {self._keys.api_key}"}
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await self._client.request(method, f"{self._url}/sandbox/api/{path}", headers=headers, json=body)
        except (httpx.HTTPError, TimeoutError) as error:
            raise ProviderUnavailable(f"the sandbox did not answer: {type(error).__name__}") from error


def _segment(text: str) -> str:
    return quote(text, safe="")
