"""Pseudonyms: what people are known by, so that it can be recognised and not be read (R-STK-3, R-STK-4).

A keyed digest, and not a plain one: all IPv4 addresses can be tried in a minute by whoever has the table alone.
"""

import hashlib
import hmac
import re
import unicodedata

from ordersaga.domain.catalogue import Address
from ordersaga.domain.keys import KeyRing
from ordersaga.domain.risk import Trait

_PURPOSE = b"ordersaga pseudonyms"
_DIGITS = 40
_NOT_SPOKEN = re.compile(r"[\W_]+")


class Pseudonyms:
    """Made with keys derived from `ring`. New ones are of the current key; `known` finds those of older ones too."""

    def __init__(self, ring: KeyRing) -> None:
        keys = {key_id: hmac.digest(key, _PURPOSE, "sha256") for key_id, key in ring.keys.items()}
        self._current = keys[ring.current]
        self._keys = [self._current, *(key for key_id, key in keys.items() if key_id != ring.current)]

    def of(self, trait: Trait, value: str) -> str:
        return _digest(self._current, trait, value)

    def known(self, trait: Trait, value: str) -> list[str]:
        """By each of the keys, the current one first."""
        return [_digest(key, trait, value) for key in self._keys]


def place_of(address: Address) -> str:
    """A postal address without whose it is, however it is written: of `No. 7, Xinyi Rd.` only `no7xinyird` counts."""
    parts = (address.country, address.region, address.city, address.postal_code, address.line1)
    plain = (unicodedata.normalize("NFKC", part).casefold() for part in parts)
    return "|".join(_NOT_SPOKEN.sub("", part) for part in plain)


def _digest(key: bytes, trait: Trait, value: str) -> str:
    return hmac.new(key, f"{trait}:{value}".encode(errors="surrogateescape"), hashlib.sha256).hexdigest()[:_DIGITS]
