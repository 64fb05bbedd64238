"""Callbacks as the sandbox provider and the sandbox carrier send them, made by hand: late, twice, contradicting."""

import itertools
import json
import secrets
from datetime import UTC, datetime
from typing import Any

import httpx

from ordersaga.gateways.signing import sign
from tests.shop import Document, Shop

_numbers = itertools.count(1)


def new_event_id() -> str:
    return f"evt_test_{next(_numbers)}_{secrets.token_hex(4)}"


async def provider_reports(
    shop: Shop, payment: Document, state: str, *, event_id: str | None = None, secret: str | None = None, **changes: Any
) -> httpx.Response:
    """A payment callback; `state` is succeeded, failed or closed."""
    now = datetime.now(UTC).isoformat()
    paid = state == "succeeded"
    data = {
        "payment_id": payment["payment_id"],
        "order_no": "unused",
        "amount": payment["amount"]["amount"],
        "currency": payment["amount"]["currency"],
        "provider_transaction_id": f"sbx_{secrets.token_hex(8)}" if paid else None,
        "paid_at": now if paid else None,
        "failure": "card_declined" if state == "failed" else None,
    }
    body = {"type": f"payment.{state}", "timestamp": now, "data": data | changes}
    return await _send(
        shop, "/v1/webhooks/payments/sandbox", body, secret or shop.secrets.payment_webhook_secret, event_id
    )


async def refund_reports(
    shop: Shop, refund: Document, state: str, *, tries: int = 1, secret: str | None = None
) -> httpx.Response:
    """A callback on a refund in its try number `tries`; `state` is succeeded or failed."""
    data = {
        "refund_no": f"{refund['refund_no']}.{tries}",
        "payment_id": refund["payment_id"],
        "amount": refund["amount"]["amount"],
        "currency": refund["amount"]["currency"],
        "provider_refund_id": f"sbr_{secrets.token_hex(8)}",
        "failure": "account_closed" if state == "failed" else None,
    }
    body = {"type": f"refund.{state}", "timestamp": datetime.now(UTC).isoformat(), "data": data}
    return await _send(shop, "/v1/webhooks/payments/sandbox", body, secret or shop.secrets.payment_webhook_secret, None)


async def carrier_reports(
    shop: Shop, parcel_no: str, event: str, *, event_id: str | None = None, secret: str | None = None
) -> httpx.Response:
    body = {
        "type": f"parcel.{event}",
        "timestamp": datetime.now(UTC).isoformat(),
        "data": {"parcel_no": parcel_no, "event": event},
    }
    return await _send(
        shop, "/v1/webhooks/logistics/sandbox", body, secret or shop.secrets.carrier_webhook_secret, event_id
    )


async def _send(shop: Shop, path: str, body: Document, secret: str, event_id: str | None) -> httpx.Response:
    text = json.dumps(body)
    headers = sign(secret, event_id or new_event_id(), text) | {"content-type": "application/json"}
    return await shop.http.post(path, content=text.encode(), headers=headers)
