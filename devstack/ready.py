"""Where a running stack is found: the addresses that it writes when all of it is ready, and who reads them."""

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from devstack.errors import FolderUnusable, NoStackRunning
from devstack.folder import DataFolder, chosen_data_dir, write_atomically
from devstack.lock import is_held


@dataclass(frozen=True, slots=True)
class Addresses:
    """The ready file. `temporal` is host:port; the others are URLs. `pids` names every part that runs.

    `metrics` are the addresses that Prometheus scrapes, by part.
    """

    api: str
    temporal: str
    temporal_ui: str
    namespace: str
    database: str
    redis: str
    data_dir: str
    pids: Mapping[str, int] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)


def write_addresses(path: Path, addresses: Addresses) -> None:
    """Raises `FolderUnusable` when the file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(asdict(addresses), indent=2) + "\n")
    except OSError as error:
        raise FolderUnusable(f"the ready file {path} cannot be written: {error.strerror or error}") from error


def read_addresses(path: Path) -> Addresses:
    """Raises `FileNotFoundError`, or `FolderUnusable` when the file is not a ready file."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        stored.setdefault("metrics", {})  # a stack of an earlier version may still be running
        return Addresses(**{entry.name: stored[entry.name] for entry in fields(Addresses)})
    except (ValueError, KeyError, TypeError) as error:
        raise FolderUnusable(f"{path} is not a ready file: {error!r}") from error
    except PermissionError as error:
        raise FolderUnusable(f"{path} may be read by its owner only; use the account that runs the stack") from error


def find_stack(data_dir: Path | None = None, api: str | None = None) -> Addresses:
    """The stack that a command is meant for: the options first, then `ORDERSAGA_DATA_DIR` and `ORDERSAGA_API`.

    With an API address and no stack in the folder, the rest is taken from the environment that the services are
    given (`TEMPORAL_ADDRESS`, `ORDERSAGA_DATABASE_URL` …) and is empty where that says nothing.
    Raises `NoStackRunning` when there is neither.
    """
    folder = DataFolder(chosen_data_dir(data_dir))
    address = (api or os.environ.get("ORDERSAGA_API") or "").rstrip("/")
    found = _running(folder)
    if found is not None:
        return replace(found, api=address) if address else found
    if not address:
        raise NoStackRunning(folder.root)
    return Addresses(
        api=address,
        temporal=os.environ.get("TEMPORAL_ADDRESS", ""),
        temporal_ui="",
        namespace=os.environ.get("TEMPORAL_NAMESPACE", "default"),
        database=os.environ.get("ORDERSAGA_DATABASE_URL", ""),
        redis=os.environ.get("ORDERSAGA_REDIS_URL", ""),
        data_dir=str(folder.root),
    )


def _running(folder: DataFolder) -> Addresses | None:
    """What the folder's stack wrote, unless it was killed and left the file behind."""
    if is_held(folder.lock):
        with contextlib.suppress(FileNotFoundError):
            return read_addresses(folder.ready)
    return None
