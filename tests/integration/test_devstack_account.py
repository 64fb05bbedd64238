"""Which account PostgreSQL runs as when `up` is run by root, which PostgreSQL itself refuses."""

import asyncio
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from devstack.binaries import postgres_binary
from devstack.options import StackOptions
from devstack.stack import Stack

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root only")

SECONDS = 60.0


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that every account may enter; pytest's own are closed."""
    if not anybody_reaches(postgres_binary("postgres")):
        pytest.skip("this checkout is below a closed folder")
    folder = Path(tempfile.mkdtemp(prefix="ordersaga-"))
    folder.chmod(0o755)
    yield folder / "data"
    shutil.rmtree(folder)


def anybody_reaches(path: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (path, *path.parents))


async def account_in(folder: Path) -> int:
    """The account that PostgreSQL runs as there, seen from outside."""
    async with (
        asyncio.timeout(SECONDS),
        Stack(StackOptions(data_dir=folder, port=0, servers_only=True)) as stack,
    ):
        return psutil.Process(stack.addresses.pids["postgres"]).uids().real


async def test_root_hands_postgres_to_nobody_where_nobody_gets_at_everything(reachable: Path) -> None:
    assert await account_in(reachable) == pwd.getpwnam("nobody").pw_uid


async def test_root_hands_postgres_to_the_owner_of_the_data_folder(reachable: Path) -> None:
    os.mkdir(reachable)
    os.chown(reachable, 1, 1)
    assert await account_in(reachable) == 1


async def test_root_keeps_postgres_under_another_number_where_nobody_may_enter(reachable: Path) -> None:
    reachable.parent.chmod(0o700)
    assert await account_in(reachable) == 0
    assert reachable.parent.stat().st_mode & 0o777 == 0o700, "folders outside of the data folder stay as they are"


async def test_a_folder_whose_reach_changes_is_handed_over_with_its_state(reachable: Path) -> None:
    reachable.parent.chmod(0o700)
    assert await account_in(reachable) == 0
    reachable.parent.chmod(0o755)
    assert await account_in(reachable) == pwd.getpwnam("nobody").pw_uid
    reachable.parent.chmod(0o700)
    assert await account_in(reachable) == 0
