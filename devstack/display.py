"""What `ordersaga up` shows: on a terminal a board while it starts, and lines otherwise."""

import contextlib
import os
import shlex
import shutil
import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from devstack import binaries
from devstack.errors import StackError
from devstack.events import Event, Stage
from devstack.folder import chosen_data_dir
from devstack.ready import Addresses

_STYLES = {Stage.READY: "green", Stage.DIED: "red", Stage.NOTE: "yellow"}


class Display:
    """A report for a `Stack`. Within `with display:` a terminal shows a board of parts; outside, events are lines.

    A terminal that is gone must not keep the stack from stopping: errors of writing are dropped.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._since: dict[str, float] = {}
        self._states: dict[str, Event] = {}
        self._spinner = Spinner("dots")
        self._live: Live | None = None

    def __call__(self, event: Event) -> None:
        if event.stage is Stage.STOPPED:
            return  # that it is stopping was said, and a part that does not end is killed
        took = self._take_time(event)
        if self._live is not None and event.stage in (Stage.STARTING, Stage.READY):
            self._states[event.part] = Event(event.part, event.stage, f"{event.detail}  {took}".strip())
            return
        if event.stage is not Stage.STARTING or self._live is None:
            self._line(event, took)

    def __enter__(self) -> None:
        if self._console.is_terminal:
            self._live = Live(console=self._console, get_renderable=self._board, refresh_per_second=10, transient=False)
            with _whatever_the_terminal():
                self._live.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        live, self._live = self._live, None
        if live is not None:
            with _whatever_the_terminal():
                live.stop()

    def show_addresses(self, addresses: Addresses) -> None:
        # Lines rather than a table: a terminal may break them, and what is copied is whole all the same.
        lines = Text("\nEverything is ready.\n")
        for what, where in (
            ("API docs", f"{addresses.api}/docs"),
            ("Temporal UI", addresses.temporal_ui),
            ("Sandbox cashier", f"{addresses.api}/sandbox"),
            ("Metrics", " ".join(addresses.metrics.values())),
            ("Data folder", addresses.data_dir),
            ("A token", _token_command(addresses.data_dir)),
        ):
            lines.append(f"{what:<17}", style="bold").append(f"{where}\n")
        self._print(lines.append("Ctrl-C stops it.\n"))

    def show_error(self, error: StackError) -> None:
        self._print(Text(f"\n{error}", style="red"))

    def show_end(self) -> None:
        self._print(Text("Everything is stopped."))

    def _take_time(self, event: Event) -> str:
        now = time.monotonic()
        if event.stage is Stage.STARTING:
            self._since[event.part] = now
        elif event.stage is Stage.READY and event.part in self._since:
            return f"({now - self._since.pop(event.part):.1f} s)"
        return ""

    def _board(self) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for part, event in self._states.items():
            mark = Text("✓", style="green") if event.stage is Stage.READY else self._spinner
            table.add_row(mark, part, Text(event.detail, style="dim"))
        return table

    def _line(self, event: Event, took: str) -> None:
        said = " ".join(filter(None, (str(event.stage) if event.stage is not Stage.NOTE else "", event.detail, took)))
        self._print(Text(f"{event.part}: {said}", style=_STYLES.get(event.stage, "")))

    def _print(self, shown: Text) -> None:
        with _whatever_the_terminal():
            self._console.print(shown)
            self._console.file.flush()


def _token_command(data_dir: str) -> str:
    """The command as the reader can type it here: the script may not be on the path, the folder not the usual one."""
    script = "ordersaga" if shutil.which("ordersaga") else os.path.relpath(binaries.own_script())
    folder = "" if data_dir == str(chosen_data_dir()) else f" --data-dir {shlex.quote(data_dir)}"
    return f"{script} token --role buyer --sub alice{folder}"


def _whatever_the_terminal() -> contextlib.suppress:
    # rich ends the process on a broken pipe, by SystemExit.
    return contextlib.suppress(OSError, SystemExit)
