"""Keys: those of quotes, of the audit, and of secrets that the database keeps."""

import base64
from typing import Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from ordersaga.domain.keys import KeyRing


class QuoteSettings(BaseModel):
    keys: dict[str, SecretStr] = Field(
        default_factory=dict, description="key id → 32 bytes in base64; old ids stay while their quotes live"
    )
    current_key: str | None = Field(None, description="the key id that seals new quotes; the last one if not set")
    ttl_seconds: int = Field(900, gt=0, description="how long a preview may be submitted")


class KeyRingSettings(BaseModel):
    """Secret keys with ids, so that they can be changed: what an old key made stays good while the key is kept."""

    keys: dict[str, SecretStr] = Field(default_factory=dict, description="key id → 32 bytes in base64")
    current_key: str | None = Field(None, description="the key id that is used from now on; the last one if not set")

    @field_validator("keys")
    @classmethod
    def _keys_are_32_bytes(cls, keys: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for key_id, key in keys.items():
            try:
                length = len(base64.b64decode(key.get_secret_value(), validate=True))
            except ValueError as error:
                raise ValueError(f"key {key_id} is not base64") from error
            if length != 32:
                raise ValueError(f"key {key_id} has {length} bytes and not 32")
        return keys

    @model_validator(mode="after")
    def _current_key_is_there(self) -> Self:
        if self.current_key is not None and self.current_key not in self.keys:
            raise ValueError(f"current_key: there is no key {self.current_key!r}")
        return self

    def ring(self) -> KeyRing:
        """The keys for use. Raises `ValueError` where none is configured."""
        if not self.keys:
            raise ValueError("at least one key is needed")
        keys = {key_id: base64.b64decode(key.get_secret_value()) for key_id, key in self.keys.items()}
        return KeyRing(keys, self.current_key or next(reversed(keys)))


class AuditSettings(KeyRingSettings):
    """The keys of the audit chain and its checkpoints. They are nowhere in the database: that is their point."""

    checkpoint_seconds: float = Field(60, gt=0, description="how often new audit rows are covered by a checkpoint")
