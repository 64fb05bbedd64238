"""Tokens: what a preview promised, sealed so that nobody reads or changes it (R-SUB-3)."""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from api.quote import Quote, packed, unpacked
from ordersaga.domain.catalogue import Address
from ordersaga.domain.errors import QuoteInvalid
from ordersaga.domain.pricing.occasion import Wishes
from ordersaga.domain.pricing.promise import promise, rules_of
from ordersaga.domain.pricing.quote import CartItem, PricedOrder
from ordersaga.settings import QuoteSettings

_ALGORITHMS = ["dir", "A256GCM", "DEF"]
_SEGMENTS = re.compile(r"[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class Sealer:
    """Seals and opens tokens. Keys are found by their id, so that new ones can come while old quotes live."""

    def __init__(self, settings: QuoteSettings) -> None:
        if not settings.keys:
            raise ValueError("quote.keys: at least one key is needed")
        self._keys = {
            key_id: OctKey.import_key(_key_bytes(key_id, secret.get_secret_value()))
            for key_id, secret in settings.keys.items()
        }
        self._current = settings.current_key or list(self._keys)[-1]
        if self._current not in self._keys:
            raise ValueError("quote.current_key: names no key of quote.keys")
        self._lifetime = timedelta(seconds=settings.ttl_seconds)

    def new_quote(
        self,
        *,
        buyer: str,
        items: tuple[CartItem, ...],
        address: Address | None,
        channel: str,
        wishes: Wishes,
        choices: Mapping[str, str],
        priced: PricedOrder,
        at: datetime,
    ) -> Quote:
        issued_at = at.replace(microsecond=0)
        return Quote(
            quote_id=f"q_{secrets.token_hex(12)}",
            buyer=buyer,
            items=items,
            address=address,
            order_type=priced.order_type,
            shipping_option=priced.shipping_option,
            channel=channel,
            wishes=wishes,
            choices=choices,
            promised=promise(priced),
            rules=rules_of(priced),
            issued_at=issued_at,
            expires_at=issued_at + self._lifetime,
        )

    def seal(self, quote: Quote) -> str:
        return self.seal_document(packed(quote))

    def open(self, token: str) -> Quote:
        """Read a token. Raises `QuoteInvalid` when it is not, to the last character, one that we sealed."""
        try:
            return unpacked(self.open_document(token))
        except (ValueError, KeyError, TypeError) as error:
            raise QuoteInvalid("the quote token is not one that this shop issued") from error

    def seal_document(self, document: Mapping[str, Any]) -> str:
        header = {"alg": "dir", "enc": "A256GCM", "zip": "DEF", "kid": self._current}
        plain = json.dumps(document, separators=(",", ":")).encode()
        return jwe.encrypt_compact(header, plain, self._keys[self._current], algorithms=_ALGORITHMS)

    def open_document(self, token: str) -> dict[str, Any]:
        """What was sealed. Raises `ValueError` or `KeyError` when it is not, to the last character, ours."""
        _require_canonical(token)
        try:
            sealed = jwe.decrypt_compact(token, self._key_of, algorithms=_ALGORITHMS)
        except JoseError as error:
            raise ValueError("not sealed here") from error
        document = json.loads(sealed.plaintext or b"")
        if not isinstance(document, dict):
            raise ValueError("not a document")
        return document

    def _key_of(self, guest: Any) -> OctKey:
        return self._keys[guest.headers()["kid"]]


def _key_bytes(key_id: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"quote.keys.{key_id}: not base64") from error
    if len(key) != 32:
        raise ValueError(f"quote.keys.{key_id}: must be 32 bytes")
    return key


def _require_canonical(token: str) -> None:
    """Base64 lets the last character of a part vary without a change of the bytes; a sealed token does not."""
    if not _SEGMENTS.fullmatch(token):
        raise ValueError("not a compact JWE with a direct key")
    for part in token.split("."):
        padded = part + "=" * (-len(part) % 4)
        if base64.urlsafe_b64encode(base64.urlsafe_b64decode(padded)).rstrip(b"=").decode() != part:
            raise ValueError("not canonical base64url")
