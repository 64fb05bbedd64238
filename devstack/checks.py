"""What `ordersaga doctor` looks at: the machine, and the stack that runs on it."""

import asyncio
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
import redis.asyncio
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from devstack import binaries
from devstack.account import choose_account
from devstack.errors import StackError
from devstack.ports import PREFERRED, is_free
from devstack.ready import Addresses
from devstack.temporal import describe_namespace, pollers
from ordersaga.contracts.search_attributes import SEARCH_ATTRIBUTES
from ordersaga.persistence.migrate import head

_NEEDED_BYTES = 500_000_000
_PATIENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Finding:
    """`advice` says what to do, and is empty when all is well."""

    what: str
    found: str
    advice: str = ""

    @property
    def good(self) -> bool:
        return not self.advice


class _Wrong(Exception):
    """A check's own verdict; other exceptions are shown as they are."""


def look_at_machine(data_dir: Path) -> list[Finding]:
    reinstall = "run `make install`"
    return [
        Finding("Python", _python()),
        _look("PostgreSQL", lambda: _version(binaries.postgres_binary("postgres"), "--version"), reinstall),
        _look("Valkey", lambda: _version(binaries.valkey_binary(), "--version"), reinstall),
        _look("Temporal", lambda: _version(binaries.temporal_binary(), "--version"), reinstall),
        _look("data folder", lambda: _data_folder(data_dir), "choose another with --data-dir"),
        _look("PostgreSQL's account", lambda: _account(data_dir), "see the message"),
    ]


def look_at_ports(own: Addresses | None) -> Finding:
    """A port in use is no fault: `up` takes a free one instead."""
    taken = [f"{port} ({part})" for part, port in PREFERRED.items() if not is_free(port)]
    whose = " by this stack or others" if own else "; `up` will take free ones instead"
    return Finding("ports", f"in use{whose}: {', '.join(taken)}" if taken else "all free")


async def look_at_stack(stack: Addresses) -> list[Finding]:
    up_again = "stop the stack and run `ordersaga up` again; its logs are in the data folder"
    migrate = "run `ordersaga migrate`, which `ordersaga up` does at its start"
    checks: list[tuple[str, Callable[[Addresses], Awaitable[str]], str, bool]] = [
        ("PostgreSQL answers", _database, up_again, bool(stack.database)),
        ("migrations", _migrations, migrate, bool(stack.database)),
        ("Valkey answers", _valkey, up_again, bool(stack.redis)),
        ("Temporal answers", _temporal, up_again, bool(stack.temporal)),
        ("search attributes", _search_attributes, migrate, bool(stack.temporal)),
        ("workers", _workers, up_again, bool(stack.temporal)),
        ("API is ready", _api, up_again, True),
    ]
    return [await _ask(what, check, stack, advice) for what, check, advice, known in checks if known]


def _look(what: str, check: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(what, check())
    except Exception as error:
        return Finding(what, _words(error), advice)


async def _ask(what: str, check: Callable[[Addresses], Awaitable[str]], stack: Addresses, advice: str) -> Finding:
    try:
        return Finding(what, await asyncio.wait_for(check(stack), _PATIENCE_SECONDS))
    except Exception as error:
        return Finding(what, _words(error), advice)


def _words(error: Exception) -> str:
    said = str(error).strip()
    return said if isinstance(error, _Wrong | StackError) else f"{type(error).__name__} {said}".strip()


def _python() -> str:
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def _version(binary: Path, option: str) -> str:
    done = subprocess.run((str(binary), option), capture_output=True, text=True, timeout=20, check=True)
    return done.stdout.strip().splitlines()[0]


def _data_folder(data_dir: Path) -> str:
    place = _existing(data_dir)
    with tempfile.TemporaryFile(dir=place):
        pass
    free = shutil.disk_usage(place).free
    if free < _NEEDED_BYTES:
        raise _Wrong(f"{data_dir} has only {free // 1_000_000} MB left")
    return f"{data_dir}, {free / 1e9:.0f} GB free"


def _account(data_dir: Path) -> str:
    account = choose_account(binaries.postgres_binary("postgres"), _existing(data_dir))
    return account.description if os.geteuid() == 0 else "not root: this account"


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())


async def _database(stack: Addresses) -> str:
    connection = await asyncpg.connect(stack.database, timeout=5)
    try:
        return str(await connection.fetchval("SHOW server_version", timeout=5))
    finally:
        await connection.close(timeout=5)


async def _migrations(stack: Addresses) -> str:
    connection = await asyncpg.connect(stack.database, timeout=5)
    try:
        current = await connection.fetchval("SELECT version_num FROM alembic_version", timeout=5)
    finally:
        await connection.close(timeout=5)
    if current != head():
        raise _Wrong(f"at {current}, the newest is {head()}")
    return f"at the head, {current}"


async def _valkey(stack: Addresses) -> str:
    async with redis.asyncio.Redis.from_url(stack.redis, socket_timeout=5) as client:
        return str((await client.info("server")).get("valkey_version", "yes"))


async def _temporal(stack: Addresses) -> str:
    await describe_namespace(stack.temporal, stack.namespace)
    return f"namespace {stack.namespace} at {stack.temporal}"


async def _search_attributes(stack: Addresses) -> str:
    client = await Client.connect(stack.temporal, namespace=stack.namespace)
    request = ListSearchAttributesRequest(namespace=stack.namespace)
    registered = (await client.operator_service.list_search_attributes(request)).custom_attributes
    missing = [key.name for key in SEARCH_ATTRIBUTES if key.name not in registered]
    if missing:
        raise _Wrong(f"not registered: {', '.join(missing)}")
    return ", ".join(key.name for key in SEARCH_ATTRIBUTES)


async def _workers(stack: Addresses) -> str:
    identities = await pollers(stack.temporal, os.environ.get("ORDERSAGA_TASK_QUEUE", "orders"), stack.namespace)
    own = [pid for part, pid in stack.pids.items() if part.startswith("worker")]
    polling = [pid for pid in own if any(identity.startswith(f"{pid}@") for identity in identities)]
    if len(polling) < len(own) or not identities:
        raise _Wrong(f"{len(polling)} of {len(own)} poll" if own else "none polls")
    return ", ".join(identities)


async def _api(stack: Addresses) -> str:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        answer = await client.get(f"{stack.api}/readyz")
    if answer.status_code != httpx.codes.OK:
        raise _Wrong(f"{stack.api}/readyz answers {answer.status_code}: {answer.text[:200]}")
    return stack.api
