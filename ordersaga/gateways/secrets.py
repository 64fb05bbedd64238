"""Secrets that the database keeps, encrypted with keys that it does not have."""

import json
from collections.abc import Mapping
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from ordersaga.domain.keys import KeyRing


class SecretUnreadable(Exception):
    """A secret that none of our keys opens, or that was moved here from elsewhere."""


class SecretBox:
    """Seals documents as compact JWE with the key's id in the header: old keys open what they sealed while kept."""

    def __init__(self, ring: KeyRing) -> None:
        self._keys = {key_id: OctKey.import_key(key) for key_id, key in ring.keys.items()}
        self._current = ring.current

    def seal(self, owner: str, secret: Mapping[str, Any]) -> str:
        """`owner` says what the secret belongs to, so that it opens nothing else."""
        header = {"alg": "dir", "enc": "A256GCM", "kid": self._current}
        plain = json.dumps({"owner": owner, "secret": secret}, separators=(",", ":")).encode()
        return jwe.encrypt_compact(header, plain, self._keys[self._current])

    def open(self, owner: str, sealed: str) -> dict[str, Any]:
        """Raises `SecretUnreadable`."""
        try:
            opened = jwe.decrypt_compact(sealed, self._key_of, algorithms=["dir", "A256GCM"])
            document = json.loads(opened.plaintext or b"")
            if document["owner"] != owner:
                raise ValueError("it belongs to somebody else")
            return dict(document["secret"])
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise SecretUnreadable(f"a secret of {owner} cannot be opened: {type(error).__name__}") from error

    def _key_of(self, guest: Any) -> OctKey:
        return self._keys[guest.headers()["kid"]]
