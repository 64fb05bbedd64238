"""`ordersaga demo`: the whole system started, walked through over HTTP, told, and stopped."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.client import Api
from cli.marketplace.outcome import Outcome
from cli.marketplace.placing import Pace
from cli.marketplace.reading import Marketplace, read_marketplace
from cli.marketplace.replay import Replay, replay
from cli.marketplace.report import show_malformed, show_replay
from cli.reconcile import compared, show
from cli.walkthrough.chapters import chapters
from cli.walkthrough.performance import Played, perform
from cli.walkthrough.stage import BY_HAND
from devstack.errors import StackError
from devstack.secrets import load_secrets

if TYPE_CHECKING:
    from devstack.stack import Stack

_SETTLED = 5.0
_ORDERS = Path(__file__).parent / "demo_orders"
_WIDTH_OF_A_FILE = 120
_TIME_TO_CLAIM = '{"standard": {"after_sales_seconds": 8}}'
"""All scenes are played at once: on a busy machine a claim takes its time."""


def demo() -> None:
    """Start everything in a folder of its own, walk orders through their lives, print what happened, stop.

    Exits with 0 only when every scene ended as it must.
    """
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ordersaga-demo-") as folder:
        # PostgreSQL may run as another account, which has to get through here; the secrets stay their owner's.
        Path(folder).chmod(0o755)
        good = asyncio.run(_demo(console, Path(folder) / "data"))
    console.print(f"\nEverything is stopped. {time.monotonic() - began:.0f} s in all.")
    raise typer.Exit(0 if good else 1)


async def _demo(console: Console, data_dir: Path) -> bool:
    """Whether all went well; a stop by signal is not that."""
    # Only here: these load the clients of three servers, which the other commands can do without.
    from devstack.display import Display
    from devstack.options import StackOptions
    from devstack.signals import stop_on_signals
    from devstack.stack import Stack

    display = Display(console)
    stack = Stack(
        StackOptions(
            data_dir=data_dir,
            port=0,
            profile="demo",
            simulate=True,
            environment={"ORDERSAGA_BY_HAND": BY_HAND, "ORDERSAGA_POLICIES": _TIME_TO_CLAIM},
        ),
        display,
    )
    told_to_stop = stop_on_signals(stack.hurry)
    try:
        with display:
            await stack.start()
        display.show_addresses(stack.addresses)
        return await _walk(console, stack)
    except asyncio.CancelledError:
        if not told_to_stop.is_set():
            raise
    except StackError as error:
        display.show_error(error)
    finally:
        await stack.stop()
    return False


async def _walk(console: Console, stack: "Stack") -> bool:
    secret = load_secrets(stack.folder.secrets).development_secret
    async with Api(stack.addresses.api, secret=secret, connections=64) as api:
        read = read_marketplace(_ORDERS)
        replaying = asyncio.create_task(_replayed(api, read))
        try:
            played = await perform(console, api, stack.addresses, chapters())
            marketplace = await replaying
        finally:
            replaying.cancel()
    agreed = await _books_agree(console, stack)
    return _conclude(console, played, marketplace, read) and agreed


async def _books_agree(console: Console, stack: "Stack") -> bool:
    """Whether comparing the books finds nothing after all that; what is still under way is left alone."""
    began = time.monotonic()
    outcome = await compared(console, stack.folder.root, settle_seconds=_SETTLED)
    console.print()
    console.rule(Text("The books, compared with their ledgers and the provider's", style="bold"), align="left")
    show(console, outcome, time.monotonic() - began)
    return outcome.clean


class _Quiet:
    """The replay goes on behind the scenes and is told at the end."""

    def loading(self, skus: int) -> None:
        pass

    def placed(self, order_no: str) -> None:
        pass

    def ended(self, outcome: Outcome) -> None:
        pass


async def _replayed(api: Api, read: Marketplace) -> Replay:
    return await replay(api, read.orders, run="demo", concurrency=2, pace=Pace(60), watcher=_Quiet())


def _conclude(console: Console, played: list[Played], marketplace: Replay, read: Marketplace) -> bool:
    console.print()
    console.rule(Text("A marketplace's orders, replayed meanwhile", style="bold"), align="left")
    show_malformed(console, read)
    show_replay(console, marketplace, read)
    console.rule(Text("Summary", style="bold"), align="left")
    table = Table("", "scene", "shows", "seconds", box=None, padding=(0, 2, 0, 0), header_style="dim")
    for one in played:
        mark = Text("✓", style="green") if one.failure is None else Text("✗", style="bold red")
        table.add_row(mark, one.scene.title, one.scene.rules, f"{one.seconds:.1f}")
    console.print(table)
    for one in played:
        if one.failure is not None:
            console.print(Text(f"{one.scene.title}: {one.failure}", style="red"))
    return marketplace.good and all(one.failure is None for one in played)
