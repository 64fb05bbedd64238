"""Callbacks of carriers: what happened to a parcel, signed by whoever carries it (R-FUL-1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from ordersaga.domain.errors import NotFound
from ordersaga.gateways import signing
from ordersaga.gateways.signing import SignatureInvalid

SANDBOX_CARRIER = "sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierCallback:
    """A verified report. `at` is when it happened, or when the carrier wrote it if the carrier does not say."""

    event_id: str
    parcel_no: str
    event: str
    at: datetime


class CarrierCallbacks:
    """Verifies callbacks by carrier. `secrets` maps a carrier's name to its Standard Webhooks secret."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = dict(secrets)

    @classmethod
    def build(cls, *, sandbox_secret: str | None) -> Self:
        """The carriers that are configured; without a secret a carrier does not exist."""
        return cls({SANDBOX_CARRIER: sandbox_secret} if sandbox_secret else {})

    def verify(self, carrier: str, headers: Mapping[str, str], body: bytes) -> CarrierCallback:
        """Read a callback. Raises `NotFound` for a carrier that is not configured, and `SignatureInvalid`."""
        secret = self._secrets.get(carrier)
        if secret is None:
            raise NotFound("there is no such carrier", carrier=carrier)
        message = signing.verify(secret, headers, body)
        try:
            return _callback(message)
        except ValueError as error:
            raise SignatureInvalid(f"the carrier's callback is malformed: {error}") from error


def _callback(message: signing.SignedMessage) -> CarrierCallback:
    event = signing.text(message.data, "event")
    if message.type != f"parcel.{event}":
        raise ValueError(f"type {message.type!r} and event {event!r} contradict each other")
    return CarrierCallback(
        event_id=message.event_id,
        parcel_no=signing.text(message.data, "parcel_no"),
        event=event,
        at=message.timestamp if message.data.get("at") is None else signing.moment(message.data, "at"),
    )
