"""Tokens: what a preview promised, sealed so that nobody reads or changes it (R-SUB-3)."""

import base64
import binascii
import json
import secrets
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.quote import Quote, packed, unpacked
from ordersaga.domain.catalogue import Address
from ordersaga.domain.errors import QuoteInvalid
from ordersaga.domain.pricing.occasion import Wishes
from ordersaga.domain.pricing.promise import promise, rules_of
from ordersaga.domain.pricing.quote import CartItem, PricedOrder
from ordersaga.settings import QuoteSettings

_NONCE_BYTES, _TAG_BYTES = 12, 16


class Sealer:
    """Seals and opens tokens. Keys are found by their id, so that new ones can come while old quotes live.

    A token is a compact JWE (RFC 7516) of the one kind that we seal: a direct key, A256GCM, deflated. So its header is
    the same to the last character for each key, and who has read that has found the key.
    """

    def __init__(self, settings: QuoteSettings) -> None:
        if not settings.keys:
            raise ValueError("quote.keys: at least one key is needed")
        self._keys = {
            _header(key_id): AESGCM(_key_bytes(key_id, secret.get_secret_value()))
            for key_id, secret in settings.keys.items()
        }
        self._current = _header(settings.current_key or list(settings.keys)[-1])
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
        plain = zlib.compress(json.dumps(document, separators=(",", ":")).encode(), wbits=-zlib.MAX_WBITS)
        nonce, header = secrets.token_bytes(_NONCE_BYTES), self._current
        sealed = self._keys[header].encrypt(nonce, plain, header.encode())
        text, tag = sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:]
        return ".".join((header, "", _encoded(nonce), _encoded(text), _encoded(tag)))

    def open_document(self, token: str) -> dict[str, Any]:
        """What was sealed. Raises `ValueError` or `KeyError` when it is not, to the last character, ours."""
        header, no_key, *parts = token.split(".")
        nonce, text, tag = map(_decoded, parts)
        if no_key or len(tag) != _TAG_BYTES:
            raise ValueError("not a compact JWE with a direct key")
        try:
            plain = self._keys[header].decrypt(nonce, text + tag, header.encode())
            document = json.loads(zlib.decompress(plain, wbits=-zlib.MAX_WBITS))
        except (InvalidTag, zlib.error) as error:
            raise ValueError("not sealed here") from error
        if not isinstance(document, dict):
            raise ValueError("not a document")
        return document


def _header(key_id: str) -> str:
    header = {"alg": "dir", "enc": "A256GCM", "zip": "DEF", "kid": key_id}
    return _encoded(json.dumps(header, separators=(",", ":")).encode())


def _key_bytes(key_id: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"quote.keys.{key_id}: not base64") from error
    if len(key) != 32:
        raise ValueError(f"quote.keys.{key_id}: must be 32 bytes")
    return key


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    """Base64 lets the last character of a part vary without a change of the bytes; a sealed token does not."""
    content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if _encoded(content) != part:
        raise ValueError("not canonical base64url")
    return content
