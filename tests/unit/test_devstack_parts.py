"""What the stack decides before it starts anything: ports, variables, accounts, orders of stopping, what it shows."""

import errno
import io
import os
import socket
from pathlib import Path

import pytest
from rich.console import Console

from devstack import account
from devstack.account import AS_WE_ARE, Account, choose_account
from devstack.display import Display
from devstack.environment import for_postgres, for_programs, inherited
from devstack.errors import AccountUnavailable, BootFailed
from devstack.events import Event, Stage
from devstack.ports import LOOPBACK, PREFERRED, Ports
from devstack.processes import ended, tail_of
from devstack.roster import stop_rank


def test_the_usual_port_is_taken_where_it_is_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        free = server.getsockname()[1]
    ports = Ports(free)
    assert ports.take("api") is None
    assert ports["api"] == free


def test_a_busy_port_is_replaced_and_told() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        busy = server.getsockname()[1]
        ports = Ports(busy)
        assert ports.take("api") == busy
        assert ports["api"] != busy


def test_no_two_parts_get_one_port() -> None:
    ports = Ports(PREFERRED["temporal"])
    for part in PREFERRED:
        ports.take(part)
    assert len({ports[part] for part in PREFERRED}) == len(PREFERRED)


def test_port_0_takes_any_free_port_for_every_part() -> None:
    ports = Ports(0)
    assert [ports.take(part) for part in PREFERRED] == [None] * len(PREFERRED)
    assert all(ports[part] != PREFERRED[part] for part in PREFERRED)


def test_variables_that_lead_to_other_servers_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGSSLMODE", "TEMPORAL_API_KEY", "TEMPORAL_TLS"):
        monkeypatch.setenv(name, "elsewhere")
    assert not {"PGHOST", "PGSSLMODE", "TEMPORAL_API_KEY", "TEMPORAL_TLS"} & inherited().keys()


def test_the_users_own_knobs_are_passed_on_but_not_what_the_stack_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERSAGA_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("ORDERSAGA_DATABASE_URL", "the user's")
    passed = for_programs({"ORDERSAGA_DATABASE_URL": "the stack's"})
    assert passed["ORDERSAGA_LOG_LEVEL"] == "DEBUG"
    assert passed["ORDERSAGA_DATABASE_URL"] == "the stack's"


def test_a_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "example.com")
    assert inherited()["NO_PROXY"] == inherited()["no_proxy"] == "example.com,127.0.0.1,localhost"


def test_postgres_speaks_the_language_that_every_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_TW.UTF-8")
    monkeypatch.setenv("LC_MESSAGES", "zh_TW.UTF-8")
    assert {name: value for name, value in for_postgres().items() if name.startswith(("LC_", "LANG"))} == {
        "LC_ALL": "C"
    }


def test_an_ordinary_user_runs_postgres_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert choose_account(tmp_path / "postgres", tmp_path) is AS_WE_ARE


def test_root_without_any_way_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def runs_nothing(_account: Account, _command: tuple[str, ...]) -> bool:
        return False

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "_runs", runs_nothing)
    with pytest.raises(AccountUnavailable, match="--data-dir"):
        choose_account(tmp_path / "postgres", tmp_path)


def test_what_asks_is_stopped_before_what_answers() -> None:
    parts = ["postgres", "worker-2", "api", "valkey", "simulate", "temporal", "worker-1"]
    assert sorted(parts, key=lambda part: (stop_rank(part), part)) == [
        *("simulate", "api", "worker-1", "worker-2", "temporal", "valkey", "postgres"),
    ]


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "ended with exit code 0"), (3, "ended with exit code 3"), (-9, "was ended by SIGKILL"), (None, "still runs")],
)
def test_an_exit_code_is_put_into_words(code: int | None, words: str) -> None:
    assert ended(code) == words


def test_the_end_of_a_long_log_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(10_000)))
    assert tail_of(log, 2) == "line 9998\nline 9999"
    assert tail_of(tmp_path / "missing") == ""


def test_without_a_terminal_every_event_is_a_line() -> None:
    out = io.StringIO()
    display = Display(Console(file=out, soft_wrap=True))
    with display:
        display(Event("api", Stage.NOTE, "port 8000 is taken: using 8001"))
        display(Event("api", Stage.STARTING))
        display(Event("api", Stage.READY, "http://127.0.0.1:8001"))
    lines = out.getvalue().splitlines()
    assert lines[:2] == ["api: port 8000 is taken: using 8001", "api: starting"]
    assert lines[2].startswith("api: ready http://127.0.0.1:8001 (0.")


def test_a_terminal_shows_a_board_of_parts() -> None:
    out = io.StringIO()
    display = Display(Console(file=out, force_terminal=True, width=80))
    with display:
        display(Event("valkey", Stage.STARTING))
        display(Event("valkey", Stage.READY, "127.0.0.1:63790"))
    assert "✓" in out.getvalue()
    assert "127.0.0.1:63790" in out.getvalue()


def test_a_terminal_that_is_gone_keeps_nothing_from_stopping() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.EIO, "gone")

    display = Display(Console(file=Gone()))
    display(Event("api", Stage.STOPPING))
    display.show_error(BootFailed("api", "died", log=Path("log"), tail=""))
