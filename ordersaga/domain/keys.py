"""Secret keys that seal, digest and encrypt, by id so that they can be changed."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Secret keys by id. `current` makes new seals; the others stay as long as what they sealed is to be verified."""

    keys: Mapping[str, bytes] = field(repr=False)
    current: str

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ValueError(f"there is no key {self.current!r}")

    def digest(self, key_id: str, *parts: str) -> str | None:
        """A keyed digest in hexadecimal; `None` when the key is not ours."""
        key = self.keys.get(key_id)
        return None if key is None else hmac.digest(key, "\x1f".join(parts).encode(), "sha256").hex()
