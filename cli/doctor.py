"""`ordersaga doctor`: whether this machine can run the stack, and whether the running one is well."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.connection import ApiOption, DataDirOption
from devstack.errors import NoStackRunning, StackError
from devstack.folder import chosen_data_dir
from devstack.ready import Addresses, find_stack

if TYPE_CHECKING:
    from devstack.checks import Finding


def doctor(data_dir: DataDirOption = None, api: ApiOption = None) -> None:
    """Look at the machine and the running stack, and say what to do where something is wrong.

    Exits with 1 when something is wrong. That no stack runs is not wrong.
    """
    findings = asyncio.run(_look(chosen_data_dir(data_dir), api))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        mark = Text("ok", style="green") if finding.good else Text("wrong", style="bold red")
        told = Text(finding.found)
        if finding.advice:
            told.append(f"\n→ {finding.advice}", style="yellow")
        table.add_row(mark, finding.what, told)
    Console(highlight=False).print(table)
    raise typer.Exit(0 if all(finding.good for finding in findings) else 1)


async def _look(folder: Path, api: str | None) -> "list[Finding]":
    # Only here: it loads the clients of three servers, which the other commands can do without.
    from devstack.checks import Finding, look_at_machine, look_at_ports, look_at_stack

    stack: Addresses | None = None
    nothing_runs = Finding("stack", f"none runs in {folder}")
    try:
        stack = find_stack(folder, api)
    except NoStackRunning:
        pass
    except StackError as error:
        nothing_runs = Finding("stack", str(error), "run as the account that started it")
    machine = [*await asyncio.to_thread(look_at_machine, folder), look_at_ports(stack)]
    return [*machine, *(await look_at_stack(stack) if stack else [nothing_runs])]
