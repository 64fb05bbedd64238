"""The adapter to the built-in sandbox provider, whose other side is `api/sandbox`.

Opening an attempt is a signature and no call, as with gateways that take a signed form: the cashier link carries the
attempt, so that paying costs the order system no round trip before the buyer is at the cashier.
"""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

import httpx

from ordersaga.domain.errors import MoneyInvalid
from ordersaga.domain.money import Money
from ordersaga.domain.payment import PaymentReport, PaymentState
from ordersaga.gateways import signing
from ordersaga.gateways.payment.provider import PaymentAttempt, PaymentUnknown, ProviderCallback, ProviderUnavailable
from ordersaga.gateways.payment.sandbox_keys import CashierTicket, SandboxKeys
from ordersaga.gateways.signing import SignatureInvalid

CALL_SECONDS = 10.0
_STATES = {
    "payment.succeeded": PaymentState.SUCCEEDED,
    "payment.failed": PaymentState.FAILED,
    "payment.closed": PaymentState.CLOSED,
}


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
        return await self._call("GET", payment_id)

    async def close(self, attempt: PaymentAttempt) -> PaymentReport:
        return await self._call("POST", attempt.payment_id, "/close", {"token": self._seal(attempt)})

    def verify(self, headers: Mapping[str, str], body: bytes) -> ProviderCallback:
        message = signing.verify(self._secret, headers, body)
        state = _STATES.get(message.type)
        if state is None:
            raise SignatureInvalid(f"{message.type!r} is not an event of this provider")
        try:
            return ProviderCallback(event_id=message.event_id, report=_report(message.data, state))
        except (MoneyInvalid, ValueError) as error:
            raise SignatureInvalid(f"the callback is malformed: {error}") from error

    def _seal(self, attempt: PaymentAttempt) -> str:
        return self._keys.seal(CashierTicket(attempt, f"{self._url}/v1/webhooks/payments/{self.name}"))

    async def _call(
        self, method: str, payment_id: str, action: str = "", body: dict[str, str] | None = None
    ) -> PaymentReport:
        url = f"{self._url}/sandbox/api/payments/{quote(payment_id, safe='')}{action}"
        headers = {"authorization": f"Bearer {self._keys.api_key}"}
        try:
            async with asyncio.timeout(CALL_SECONDS):
                response = await self._client.request(method, url, headers=headers, json=body)
        except (httpx.HTTPError, TimeoutError) as error:
            raise ProviderUnavailable(f"the sandbox did not answer: {type(error).__name__}") from error
        return _answer(payment_id, response)


def _answer(payment_id: str, response: httpx.Response) -> PaymentReport:
    try:
        document = response.json()
        # A bare 404 comes from a wrong address as well, and must not pass for the provider's word on a payment.
        if response.status_code == 404 and document["code"] == "payment_unknown":
            raise PaymentUnknown(payment_id)
        if response.is_success and document["payment_id"] == payment_id:
            return _report(document, PaymentState(document["state"]))
    except (MoneyInvalid, ValueError, KeyError, TypeError) as error:
        raise ProviderUnavailable(f"the sandbox answered {response.status_code} and made no sense") from error
    raise ProviderUnavailable(f"the sandbox answered {response.status_code}")


def _report(data: Mapping[str, object], state: PaymentState) -> PaymentReport:
    amount = data.get("amount")
    if type(amount) is not int or amount < 0:
        raise ValueError("amount must be a count of minor units")
    paid = state is PaymentState.SUCCEEDED
    return PaymentReport(
        payment_id=signing.text(data, "payment_id"),
        state=state,
        amount=Money(amount, signing.text(data, "currency")),
        transaction_id=signing.text(data, "provider_transaction_id") if paid else None,
        paid_at=signing.moment(data, "paid_at") if paid else None,
        failure=None if data.get("failure") is None else signing.text(data, "failure"),
    )
