"""The signing secrets of an endpoint: one, or for a while two, sealed for the database."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ordersaga.gateways.secrets import SecretBox


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """`whsec_` + base64. One that is being replaced signs `until` then."""

    text: str
    until: datetime | None = None


def new_secret() -> SigningSecret:
    return SigningSecret("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())


def replaced(known: Sequence[SigningSecret], *, at: datetime, overlap: timedelta) -> list[SigningSecret]:
    """A new secret in front; the one before it signs for `overlap` longer, older ones no more."""
    return [new_secret(), *(SigningSecret(one.text, at + overlap) for one in known[:1] if overlap)]


def valid(known: Sequence[SigningSecret], at: datetime) -> list[str]:
    """The secrets that sign at a moment, the newest first."""
    return [one.text for one in known if one.until is None or one.until > at]


def sealed(box: SecretBox, endpoint_id: str, known: Sequence[SigningSecret]) -> str:
    document = [[one.text, one.until.isoformat() if one.until else None] for one in known]
    return box.seal(endpoint_id, {"signing": document})


def opened(box: SecretBox, endpoint_id: str, text: str) -> list[SigningSecret]:
    """Raises `SecretUnreadable`."""
    document = box.open(endpoint_id, text)["signing"]
    return [SigningSecret(secret, datetime.fromisoformat(until) if until else None) for secret, until in document]
