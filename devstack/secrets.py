"""The keys of one data folder, made once and kept in `secrets.json`, which only its owner may read."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

from devstack.errors import FolderUnusable
from devstack.folder import write_atomically


@dataclass(frozen=True, slots=True)
class StackSecrets:
    """Quote, audit and encryption keys are 32 bytes in base64; webhook secrets have the form of Standard Webhooks."""

    postgres_password: str
    valkey_password: str
    development_secret: str
    quote_key: str
    audit_key: str
    encryption_key: str
    payment_webhook_secret: str
    carrier_webhook_secret: str

    @classmethod
    def generate(cls) -> Self:
        return cls(
            postgres_password=secrets.token_urlsafe(24),
            valkey_password=secrets.token_urlsafe(24),
            development_secret=secrets.token_urlsafe(32),
            quote_key=_base64(32),
            audit_key=_base64(32),
            encryption_key=_base64(32),
            payment_webhook_secret="whsec_" + _base64(32),
            carrier_webhook_secret="whsec_" + _base64(32),
        )

    def environment(self) -> dict[str, str]:
        """How the project's own processes are told."""
        return {
            "ORDERSAGA_AUTH__DEVELOPMENT_SECRET": self.development_secret,
            "ORDERSAGA_QUOTE__KEYS": json.dumps({"k1": self.quote_key}),
            "ORDERSAGA_AUDIT__KEYS": json.dumps({"k1": self.audit_key}),
            "ORDERSAGA_ENCRYPTION__KEYS": json.dumps({"k1": self.encryption_key}),
            "ORDERSAGA_SANDBOX__PAYMENT_SECRET": self.payment_webhook_secret,
            "ORDERSAGA_SANDBOX__CARRIER_SECRET": self.carrier_webhook_secret,
        }


def load_secrets(path: Path) -> StackSecrets:
    """The folder's keys. Raises `FileNotFoundError` where there are none yet, and `FolderUnusable` on a broken file."""
    try:
        stored: Mapping[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return StackSecrets(**{field.name: stored[field.name] for field in fields(StackSecrets)})
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise FolderUnusable(
            f"{path} may be read by its owner only; use the account that runs the stack, or --data-dir"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FolderUnusable(f"{path} cannot be read as the folder's keys: {error!r}") from error


def load_or_generate_secrets(path: Path) -> StackSecrets:
    """The folder's keys, made on its first use. The caller holds the folder's lock."""
    try:
        return load_secrets(path)
    except FileNotFoundError:
        made = StackSecrets.generate()
        write_atomically(path, json.dumps(asdict(made), indent=2) + "\n")
        return made


def _base64(length: int) -> str:
    return base64.b64encode(secrets.token_bytes(length)).decode()
