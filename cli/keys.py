"""The database with the keys of its audit: from the environment, or from the stack's data folder."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from pydantic import ValidationError

from devstack.errors import StackError
from devstack.folder import DataFolder
from devstack.ready import find_stack
from devstack.secrets import load_secrets

if TYPE_CHECKING:
    from ordersaga.domain.keys import KeyRing
    from ordersaga.persistence.database import Database


def audited_database(data_dir: Path | None) -> "tuple[Database, KeyRing]":
    """The environment's, where it is set, else the running stack's. Ends the command where there is neither.

    No statement is cut off: a command may look at everything.
    """
    from ordersaga.persistence.database import Database

    url, keys = _from_environment() if data_dir is None else (None, None)
    if url is None or keys is None:
        url, keys = _from_stack(data_dir)
    return Database(url, audit_keys=keys, pool_size=2, patience=3600), keys


def _from_environment() -> "tuple[str | None, KeyRing | None]":
    from ordersaga.settings import Settings

    try:
        settings = Settings()
    except ValidationError:
        return None, None
    return settings.database_driver_url, settings.audit.ring() if settings.audit.keys else None


def _from_stack(data_dir: Path | None) -> "tuple[str, KeyRing]":
    from ordersaga.domain.keys import KeyRing

    try:
        addresses = find_stack(data_dir, None)
        kept = load_secrets(DataFolder(Path(addresses.data_dir)).secrets)
    except (StackError, FileNotFoundError) as error:
        typer.secho(f"{error}; or set ORDERSAGA_DATABASE_URL and ORDERSAGA_AUDIT__KEYS", fg="red", err=True)
        raise typer.Exit(2) from error
    url = addresses.database.replace("postgresql://", "postgresql+asyncpg://")
    return url, KeyRing({"k1": base64.b64decode(kept.audit_key)}, "k1")
