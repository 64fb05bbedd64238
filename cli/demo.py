"""`ordersaga demo`: the whole system started, walked through over HTTP, told, and stopped."""

import asyncio
import tempfile
import time
from pathlib import Path

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
from cli.walkthrough.chapters import chapters
from cli.walkthrough.performance import Played, perform
from devstack.errors import StackError

_ORDERS = Path(__file__).parent / "demo_orders"


def demo() -> None:
    """Start everything in a folder of its own, walk orders through their lives, print what happened, stop.

    Exits with 0 only when every scene ended as it must.
    """
    console = Console(highlight=False)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ordersaga-demo-") as folder:
        # PostgreSQL may run as another account, which has to get through here; the secrets stay their owner's.
        Path(folder).chmod(0o755)
        try:
            good = asyncio.run(_demo(console, Path(folder) / "data"))
        except StackError as error:
            console.print(Text(f"\n{error}", style="red"))
            good = False
    console.print(f"\nEverything is stopped. {time.monotonic() - began:.0f} s in all.")
    raise typer.Exit(0 if good else 1)


async def _demo(console: Console, data_dir: Path) -> bool:
    # Only here: these load the clients of three servers, which the other commands can do without.
    from devstack.display import Display
    from devstack.options import StackOptions
    from devstack.secrets import load_secrets
    from devstack.stack import Stack

    display = Display(console)
    stack = Stack(StackOptions(data_dir=data_dir, port=0, profile="demo", simulate=True), display)
    try:
        with display:
            await stack.start()
        display.show_addresses(stack.addresses)
        secret = load_secrets(stack.folder.secrets).development_secret
        async with Api(stack.addresses.api, secret=secret, connections=64) as api:
            read = read_marketplace(_ORDERS)
            replaying = asyncio.create_task(_replayed(api, read))
            try:
                played = await perform(console, api, stack.addresses, chapters())
                marketplace = await replaying
            finally:
                replaying.cancel()
        return _conclude(console, played, marketplace, read)
    finally:
        await stack.stop()


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
