"""`ordersaga up` as a process, with the real servers and with stand-ins for the project's own commands."""

import json
import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.devstack_processes import Up, processes_of, running_up, start_up, until

PARTS = {"postgres", "valkey", "temporal", "api", "worker-1", "worker-2", "simulate"}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One that runs, for tests that leave it running. Its preferred port was taken."""
    folder = tmp_path_factory.mktemp("up") / "data"
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        running_up(folder, port=taken.getsockname()[1]) as started,
    ):
        started.ready()
        yield started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_the_ready_file_names_every_address_and_is_for_its_owner_only(up: Up) -> None:
    ready = up.ready()
    addresses = {"api", "temporal", "temporal_ui", "namespace", "database", "redis", "data_dir"}
    assert set(ready) == {*addresses, "pids", "metrics"}
    assert set(up.pids()) == PARTS
    assert json.loads((up.folder / "ready.json").read_text()) == ready
    for path in (up.ready_file, up.folder / "ready.json", up.folder / "secrets.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_tables_and_catalogue_are_brought_up_before_the_api_runs(up: Up) -> None:
    printed = up.printed()
    assert printed.index("migrate: ready") < printed.index("api: starting")
    assert (up.folder / "migrate.done").read_text() == "--seed", "one step does both"


def test_a_port_that_is_taken_is_replaced_by_a_free_one_and_said(up: Up) -> None:
    assert f"api: port {up.port} is taken: using " in up.printed()
    assert up.ready()["api"] != f"http://127.0.0.1:{up.port}"


def test_a_second_up_on_the_folder_is_refused_with_the_first_ones_pid_and_address(up: Up, tmp_path: Path) -> None:
    before = up.ready()
    second = start_up(up.folder, output=tmp_path / "output")
    assert second.process.wait(60) == 2
    assert str(up.process.pid) in second.printed()
    assert str(before["api"]) in second.printed()
    assert up.ready() == before, "the first one is not disturbed"


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_part_that_dies_is_reported_and_restarted(up: Up, part: str) -> None:
    before = up.pids()
    os.kill(before[part], signal.SIGKILL)
    until(lambda: up.pids()[part] != before[part])
    assert {**up.pids(), part: 0} == {**before, part: 0}, "the others run on"
    assert f"{part}: died was ended by SIGKILL" in up.printed()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_in_the_order_of_who_asks_whom_and_leaves_no_process(
    folder: Path, number: signal.Signals
) -> None:
    with running_up(folder) as up:
        up.ready()
        assert up.signal(number) == 0, up.printed()
        stopped = [line.partition(":")[0] for line in up.printed().splitlines() if line.endswith(": stopping")]
        assert stopped == ["simulate", "api", "worker-1", "worker-2", "temporal", "valkey", "postgres"]
        assert processes_of(folder) == []
        assert not up.ready_file.exists()
        assert not (folder / "ready.json").exists()
        assert not (folder / "processes.json").exists()


def test_the_next_up_stops_what_a_killed_one_left_and_keeps_the_state(folder: Path) -> None:
    with running_up(folder) as killed:
        left = killed.pids()
        assert killed.signal(signal.SIGKILL) == -signal.SIGKILL
        assert {process.pid for process in processes_of(folder)} >= set(left.values())
        killed.ready_file.unlink()
        with running_up(folder) as up:
            assert set(up.pids().values()).isdisjoint(left.values())
            assert {process.pid for process in processes_of(folder)}.isdisjoint(left.values())
            assert "left running by an `up` that was killed" in up.printed()
            assert "initdb" not in up.printed(), "the cluster is the same"
            assert up.signal(signal.SIGTERM) == 0
        assert processes_of(folder) == []


@pytest.mark.parametrize("part", ["migrate", "worker"])
def test_a_part_that_dies_at_every_start_fails_with_its_log_and_leaves_no_process(folder: Path, part: str) -> None:
    with running_up(folder, broken=part) as up:
        assert up.process.wait(60) == 1
        assert f"stand-in {part} is broken on purpose" in up.printed()
        assert processes_of(folder) == []
        assert not up.ready_file.exists()


@pytest.mark.parametrize("moment", ["initdb: starting", "postgres: ready", "api: starting"])
def test_a_signal_during_the_start_stops_what_was_started(folder: Path, moment: str) -> None:
    with running_up(folder, slow="api") as up:
        up.says(moment)
        assert up.signal(signal.SIGINT) == 0, up.printed()
        assert processes_of(folder) == []


def test_a_second_signal_kills_what_does_not_end(folder: Path) -> None:
    with running_up(folder, stubborn="api") as up:
        up.ready()
        up.process.send_signal(signal.SIGINT)
        up.says("api: stopping")
        assert up.process.poll() is None, "it waits for the API"
        assert up.signal(signal.SIGINT) == 0
        assert processes_of(folder) == []


def test_an_api_whose_port_is_taken_during_the_start_gets_another(folder: Path) -> None:
    with socket.socket() as late:
        late.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        late.bind(("127.0.0.1", 0))
        port = late.getsockname()[1]
        with running_up(folder, port=port, waiting="migrate") as up:
            up.says("migrate: starting")
            late.listen()
            (folder / "go").touch()
            assert up.ready()["api"] != f"http://127.0.0.1:{port}"
            assert f"port {port} is taken" in up.printed()


def test_an_interrupted_start_can_be_started_again(folder: Path) -> None:
    with running_up(folder) as up:
        up.says("initdb: starting")
        assert up.signal(signal.SIGKILL) == -signal.SIGKILL
        with running_up(folder) as again:
            assert set(again.pids()) == PARTS
