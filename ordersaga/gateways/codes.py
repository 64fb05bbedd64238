"""Codes that are sold, encrypted with keys that the database does not have (R-TYPE-4)."""

import hashlib
import hmac

from ordersaga.domain.codes import SealedCode
from ordersaga.domain.keys import KeyRing
from ordersaga.gateways.secrets import SecretBox


class CodeVault:
    """Seals and opens codes. A keyed digest tells whether a code is known, to nobody who lacks the key."""

    def __init__(self, ring: KeyRing) -> None:
        self._box = SecretBox(ring)
        self._current = ring.current
        self._digest_keys = {key_id: _derive(key) for key_id, key in ring.keys.items()}

    def seal(self, code: str) -> SealedCode:
        digests = {key_id: _digest(key, code) for key_id, key in self._digest_keys.items()}
        digest = digests[self._current]
        sealed = self._box.seal(_owner(digest), {"code": code})
        return SealedCode(digest=digest, digests=tuple(digests.values()), sealed=sealed)

    def open(self, digest: str, sealed: str) -> str:
        """The code. Raises `SecretUnreadable`, also for one that was moved here from another row."""
        return str(self._box.open(_owner(digest), sealed)["code"])


def _owner(digest: str) -> str:
    return f"code:{digest}"


def _derive(key: bytes) -> bytes:
    return hmac.new(key, b"ordersaga: digests of codes", hashlib.sha256).digest()


def _digest(key: bytes, code: str) -> str:
    return hmac.new(key, code.encode(), hashlib.sha256).hexdigest()
