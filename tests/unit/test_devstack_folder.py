"""The files of a data folder: keys, addresses, the lock, logs."""

import base64
import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from devstack import logs
from devstack.errors import AlreadyRunning, FolderUnusable, NoStackRunning
from devstack.folder import DataFolder, chosen_data_dir, write_atomically
from devstack.lock import FolderLock, is_held
from devstack.ready import Addresses, find_stack, read_addresses, write_addresses
from devstack.secrets import load_or_generate_secrets, load_secrets

ADDRESSES = Addresses(
    api="http://127.0.0.1:8000",
    temporal="127.0.0.1:7233",
    temporal_ui="http://127.0.0.1:8233",
    namespace="default",
    database="postgresql://ordersaga:key@127.0.0.1:54329/ordersaga",
    redis="redis://:key@127.0.0.1:63790/0",
    data_dir="/somewhere",
    pids={"postgres": 1},
)


@pytest.fixture(autouse=True)
def _no_stack_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ORDERSAGA_DATA_DIR", "ORDERSAGA_API"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.prepare()
    return made


def test_keys_are_made_once_and_are_their_owners_alone(folder: DataFolder) -> None:
    made = load_or_generate_secrets(folder.secrets)
    assert load_or_generate_secrets(folder.secrets) == made == load_secrets(folder.secrets)
    assert stat.S_IMODE(folder.secrets.stat().st_mode) == 0o600


def test_keys_have_the_forms_that_the_settings_want(folder: DataFolder) -> None:
    environment = load_or_generate_secrets(folder.secrets).environment()
    for name in ("QUOTE", "AUDIT", "ENCRYPTION"):
        assert len(base64.b64decode(json.loads(environment[f"ORDERSAGA_{name}__KEYS"])["k1"])) == 32
    for name in ("ORDERSAGA_SANDBOX__PAYMENT_SECRET", "ORDERSAGA_SANDBOX__CARRIER_SECRET"):
        prefix, _, key = environment[name].partition("_")
        assert prefix == "whsec"
        assert 24 <= len(base64.b64decode(key)) <= 64


def test_a_folder_without_keys_is_told_from_one_with_broken_keys(folder: DataFolder) -> None:
    with pytest.raises(FileNotFoundError):
        load_secrets(folder.secrets)
    folder.secrets.write_text('{"postgres_password": "only"}')
    with pytest.raises(FolderUnusable, match=r"secrets\.json"):
        load_secrets(folder.secrets)


def test_the_option_goes_before_the_variable_and_both_before_the_usual_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert chosen_data_dir() == tmp_path / ".ordersaga"
    monkeypatch.setenv("ORDERSAGA_DATA_DIR", "named")
    assert chosen_data_dir() == tmp_path / "named"
    assert chosen_data_dir(Path("option")) == tmp_path / "option"


def test_a_folder_that_cannot_be_made_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnusable, match="--data-dir"):
        DataFolder(tmp_path / "file" / "data").prepare()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_locked_by_one_and_free_after_it(folder: DataFolder) -> None:
    first, second = FolderLock(folder), FolderLock(folder)
    first.acquire()
    write_addresses(folder.ready, ADDRESSES)
    with pytest.raises(AlreadyRunning) as refused:
        second.acquire()
    assert (refused.value.pid, refused.value.api) == (os.getpid(), ADDRESSES.api)
    assert is_held(folder.lock)
    first.release()
    assert not is_held(folder.lock)
    second.acquire()
    second.release()


def test_a_running_stack_is_found_by_its_folder(folder: DataFolder) -> None:
    lock = FolderLock(folder)
    lock.acquire()
    write_addresses(folder.ready, ADDRESSES)
    assert find_stack(folder.root) == ADDRESSES
    assert find_stack(folder.root, "http://elsewhere/") == replace(ADDRESSES, api="http://elsewhere")
    lock.release()


def test_the_addresses_of_a_stack_that_was_killed_are_not_taken_for_a_running_one(folder: DataFolder) -> None:
    write_addresses(folder.ready, ADDRESSES)
    with pytest.raises(NoStackRunning, match="ordersaga up"):
        find_stack(folder.root)


def test_an_api_elsewhere_is_found_by_its_address_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERSAGA_API", "https://shop.example/")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal:7233")
    found = find_stack(tmp_path)
    assert (found.api, found.temporal, found.pids) == ("https://shop.example", "temporal:7233", {})


def test_a_broken_ready_file_is_named(folder: DataFolder) -> None:
    folder.ready.write_text("{}")
    with pytest.raises(FolderUnusable, match=r"ready\.json"):
        read_addresses(folder.ready)


def test_the_last_runs_log_is_kept_beside_the_new_one(folder: DataFolder) -> None:
    log = folder.log_of("api")
    log.write_text("last run")
    logs.rotate(folder.logs)
    assert not log.exists()
    assert (folder.logs / "api.log.1").read_text() == "last run"


def test_a_large_log_is_emptied_under_its_writer(folder: DataFolder) -> None:
    log = folder.log_of("api")
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 100)
        logs.cut(folder.logs, large=50)
        writer.write(b"on")
    assert log.read_bytes() == b"on"
    assert (folder.logs / "api.log.1").stat().st_size == 100
