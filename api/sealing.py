"""The quote token: what preview promised, sealed so that nobody reads or changes it (R-SUB-3)."""

import base64
import binascii
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from ordersaga.domain.catalogue import Address
from ordersaga.domain.errors import QuoteInvalid
from ordersaga.domain.pricing.quote import CartItem, PricedOrder
from ordersaga.settings import QuoteSettings

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SEGMENTS = re.compile(r"[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a token seals: the inputs of a preview, and the sums that it showed."""

    quote_id: str
    buyer: str
    items: tuple[CartItem, ...]
    address: Address
    order_type: str
    shipping_option: str
    promised: Mapping[str, Any]
    issued_at: datetime
    expires_at: datetime

    @property
    def order_no(self) -> str:
        """The one order number that this quote can become."""
        digest = int.from_bytes(hashlib.sha256(f"order:{self.quote_id}".encode()).digest()[:8]) >> 4
        letters = "".join(_ALPHABET[digest >> shift & 31] for shift in range(55, -1, -5))
        return f"{self.issued_at:%y%m%d}-{letters}"


def promise(priced: PricedOrder) -> dict[str, Any]:
    """The part of a price that a quote holds the shop to; a new description of the goods is no new price."""
    return {
        "order_type": priced.order_type,
        "currency": priced.currency,
        "shipping_option": priced.shipping_option,
        "lines": [
            {
                "sku": line.sku,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "amount": line.amount,
                "discounts": [asdict(discount) for discount in line.discounts],
                "payable": line.payable,
                "shipping": line.shipping,
            }
            for line in priced.lines
        ],
        "totals": asdict(priced.totals),
    }


class Sealer:
    """Seals and opens quotes. Keys are found by their id, so that new ones can come while old quotes live."""

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
        self, *, buyer: str, items: tuple[CartItem, ...], address: Address, priced: PricedOrder, at: datetime
    ) -> Quote:
        issued_at = at.replace(microsecond=0)
        return Quote(
            quote_id=f"q_{secrets.token_hex(12)}",
            buyer=buyer,
            items=items,
            address=address,
            order_type=priced.order_type,
            shipping_option=priced.shipping_option,
            promised=promise(priced),
            issued_at=issued_at,
            expires_at=issued_at + self._lifetime,
        )

    def seal(self, quote: Quote) -> str:
        claims = {
            "quote_id": quote.quote_id,
            "buyer": quote.buyer,
            "items": [[item.sku, item.quantity] for item in quote.items],
            "address": asdict(quote.address),
            "order_type": quote.order_type,
            "shipping_option": quote.shipping_option,
            "promised": quote.promised,
            "issued_at": int(quote.issued_at.timestamp()),
            "expires_at": int(quote.expires_at.timestamp()),
        }
        header = {"alg": "dir", "enc": "A256GCM", "kid": self._current}
        plain = json.dumps(claims, separators=(",", ":")).encode()
        return jwe.encrypt_compact(header, plain, self._keys[self._current])

    def open(self, token: str) -> Quote:
        """Read a token. Raises `QuoteInvalid` when it is not, to the last character, one that we sealed."""
        try:
            _require_canonical(token)
            sealed = jwe.decrypt_compact(token, self._key_of, algorithms=["dir", "A256GCM"])
            claims = json.loads(sealed.plaintext or b"")
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise QuoteInvalid("the quote token is not one that this shop issued") from error
        return Quote(
            quote_id=claims["quote_id"],
            buyer=claims["buyer"],
            items=tuple(CartItem(sku, quantity) for sku, quantity in claims["items"]),
            address=Address(**claims["address"]),
            order_type=claims["order_type"],
            shipping_option=claims["shipping_option"],
            promised=claims["promised"],
            issued_at=datetime.fromtimestamp(claims["issued_at"], UTC),
            expires_at=datetime.fromtimestamp(claims["expires_at"], UTC),
        )

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
