"""PostgreSQL 18 in the data folder: made once by `initdb`, run in the foreground, durable, on the loopback only."""

import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import psutil

from devstack.account import Account, account_for_postgres, check_owner
from devstack.binaries import postgres_binary
from devstack.environment import for_postgres
from devstack.errors import FolderUnusable
from devstack.folder import DataFolder
from devstack.ports import LOOPBACK
from devstack.processes import Program
from devstack.roster import Entry

ROLE = DATABASE = "ordersaga"
MAJOR_VERSION = "18"

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    # Durable: an order that was answered is on disk.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # A laptop: room for a few dozen connections, little memory, no just-in-time compilation of small queries.
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "jit": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
}


def data_of(folder: DataFolder) -> Path:
    """The cluster, one level down: the level above belongs to the account as well, so that `initdb` may work there."""
    return folder.postgres / "data"


def postgres_account(folder: DataFolder) -> Account:
    """Also gives the cluster to that account. Raises `AccountUnavailable` or `FolderUnusable`."""
    check_owner(folder.postgres)
    return account_for_postgres(postgres_binary("postgres"), folder.postgres)


def initdb_program(folder: DataFolder, account: Account, password: str) -> Program | None:
    """What makes the cluster, or `None` when it is there. `finish_initdb` follows it.

    It is made beside its place: one that was interrupted is thrown away, never half used.
    """
    data = data_of(folder)
    if data.exists():
        _check_version(data)
        return None
    shutil.rmtree(_unfinished(folder), ignore_errors=True)
    password_file = _password_file(folder)
    password_file.unlink(missing_ok=True)
    descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password)
    if account.uid is not None and account.gid is not None:
        os.chown(password_file, account.uid, account.gid)
    options = ("-U", ROLE, f"--pwfile={password_file}", "--auth=scram-sha-256", "--data-checksums", "--no-instructions")
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    return Program(
        name="initdb",
        command=(str(postgres_binary("initdb")), "-D", str(_unfinished(folder)), *options, *locale),
        environment=for_postgres(),
        log=folder.log_of("initdb"),
        account=account,
        cwd=folder.postgres,
    )


def finish_initdb(folder: DataFolder) -> None:
    _password_file(folder).unlink(missing_ok=True)
    _unfinished(folder).rename(data_of(folder))


def postgres_program(
    folder: DataFolder, account: Account, *, port: int, password: str, more: Mapping[str, str]
) -> Program:
    """`more` are settings beside the stack's own."""
    settings = [part for name, value in {**_SETTINGS, **more}.items() for part in ("-c", f"{name}={value}")]

    async def probe(_pid: int) -> None:
        await _execute(port, password, "postgres", "SELECT 1")

    return Program(
        name="postgres",
        command=(str(postgres_binary("postgres")), "-D", str(data_of(folder)), "-p", str(port), *settings),
        environment=for_postgres(),
        log=folder.log_of("postgres"),
        probe=probe,
        where=f"{LOOPBACK}:{port}",
        stop_signal=signal.SIGINT,  # the fast shutdown; SIGTERM waits for clients to leave
        stop_seconds=30.0,
        boot_seconds=120.0,  # after a crash of the machine the log is played back first
        account=account,
        cwd=folder.postgres,
    )


async def ensure_database(port: int, password: str) -> None:
    """Make the project's database when it is missing."""
    if not await _execute(port, password, "postgres", f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):  # noqa: S608  # a constant
        await _execute(port, password, "postgres", f"CREATE DATABASE {DATABASE}")


def database_url(port: int, password: str) -> str:
    return f"postgresql://{ROLE}:{password}@{LOOPBACK}:{port}/{DATABASE}"


def left_behind(folder: DataFolder) -> Entry | None:
    """A server that still runs on this cluster though nobody recorded it; else its stale pid file is removed."""
    pid_file = data_of(folder) / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().splitlines()[0])
        process = psutil.Process(pid)
        if process.name() == "postgres" and Path(process.cwd()) == data_of(folder):
            return Entry("postgres", pid, process.create_time(), signal.SIGINT)
    except FileNotFoundError:
        return None
    except (ValueError, IndexError, psutil.Error):
        pass
    pid_file.unlink(missing_ok=True)
    return None


async def _execute(port: int, password: str, database: str, statement: str) -> object:
    try:
        connection = await asyncpg.connect(
            host=LOOPBACK, port=port, user=ROLE, password=password, database=database, ssl=False, timeout=4
        )
    except asyncpg.InvalidPasswordError as error:
        raise FolderUnusable(
            "PostgreSQL does not take the password of secrets.json: the file and the folder postgres/ are not of one "
            "making. Restore the file, or choose a new folder with --data-dir."
        ) from error
    try:
        return await connection.fetchval(statement, timeout=10)
    finally:
        await connection.close(timeout=4)


def _unfinished(folder: DataFolder) -> Path:
    return folder.postgres / "data.new"


def _password_file(folder: DataFolder) -> Path:
    return folder.postgres / "password"


def _check_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != MAJOR_VERSION:
        raise FolderUnusable(
            f"{data} was made by PostgreSQL {found} and this is {MAJOR_VERSION}: choose a new folder with --data-dir"
        )
