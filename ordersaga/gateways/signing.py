"""Callbacks signed and verified after the Standard Webhooks specification, in both directions."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from standardwebhooks import Webhook, WebhookVerificationError

EVENT_ID_LIMIT = 255


class SignatureInvalid(Exception):
    """A callback whose signature, time stamp or form cannot be trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedMessage:
    """A verified callback: the sender's id of the event and the three parts that the specification gives a body."""

    event_id: str
    type: str
    timestamp: datetime
    data: Mapping[str, object]


def sign(secret: str, event_id: str, body: bytes | str, *, at: datetime | None = None) -> dict[str, str]:
    """The headers that make `body` a signed callback. `secret` is `whsec_` + base64; `at` is now if not given."""
    moment = (at or datetime.now(UTC)).astimezone(UTC)
    text = body if isinstance(body, str) else body.decode()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, moment, text),
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> SignedMessage:
    """Read a callback that carries a good signature not older than five minutes. Raises `SignatureInvalid`."""
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
        event_id = next(value for name, value in headers.items() if name.lower() == "webhook-id")
        return _message(event_id, json.loads(body))
    except (WebhookVerificationError, ValueError, RecursionError) as error:
        # A header that is no base64 or a body that is no UTF-8 is a ValueError, not an error of the library's own.
        raise SignatureInvalid(f"the callback cannot be trusted: {error}") from error


def text(data: Mapping[str, object], name: str) -> str:
    """The text at `name`, which must be there. Raises `ValueError`."""
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a text")
    return value


def moment(data: Mapping[str, object], name: str) -> datetime:
    """The RFC 3339 time at `name`, in UTC. Raises `ValueError`."""
    value = datetime.fromisoformat(text(data, name))
    if value.tzinfo is None:
        raise ValueError(f"{name} must name its time zone")
    return value.astimezone(UTC)


def _message(event_id: str, document: object) -> SignedMessage:
    if len(event_id) > EVENT_ID_LIMIT:
        raise ValueError(f"an event id has at most {EVENT_ID_LIMIT} characters")
    if not isinstance(document, dict) or not isinstance(document.get("data"), dict):
        raise ValueError("the body must be an object with type, timestamp and data")
    _require_storable(document)
    return SignedMessage(
        event_id=event_id,
        type=text(document, "type"),
        timestamp=moment(document, "timestamp"),
        data=document["data"],
    )


def _require_storable(node: object) -> None:
    """A report is stored before anybody acts on it, and PostgreSQL keeps neither a NUL nor half a surrogate pair."""
    if isinstance(node, dict):
        for name, value in node.items():
            _require_storable(name)
            _require_storable(value)
    elif isinstance(node, list):
        for value in node:
            _require_storable(value)
    elif isinstance(node, str) and b"\0" in node.encode():
        raise ValueError("a text with a NUL in it cannot be kept")
