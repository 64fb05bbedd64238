"""`ordersaga replay-orders` against a running stack: every order at its end, sums to the cent, the ledger adds up."""

import asyncio
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from devstack.stack import Stack
from tests.unit.test_marketplace_reading import DEMO_ORDERS

_LONGEST = 100.0


@dataclass(frozen=True, slots=True)
class Ended:
    exit_code: int
    printed: str

    def row(self, name: str) -> list[str]:
        """The cells of the final table's row."""
        line = next(line for line in self.printed.splitlines() if re.match(rf"\W*{re.escape(name)}\b", line))
        return [cell.strip() for cell in re.split(r"[│|]", line) if cell.strip()][1:]


async def replay_orders(stack: Stack, folder: Path, *options: str) -> Ended:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "replay-orders", str(folder), "--data-dir", str(stack.folder.root), *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(_LONGEST):
            printed, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode is not None
    return Ended(process.returncode, printed.decode())


async def test_the_project_s_own_orders_reach_their_ends(stack: Stack) -> None:
    ended = await replay_orders(stack, DEMO_ORDERS)
    assert ended.exit_code == 0, ended.printed
    assert ended.row("orders placed")[:2] == ["12", "12"]
    assert ended.row("completed")[:2] == ["10", "10"]
    assert ended.row("cancelled")[:2] == ["2", "2"]
    assert ended.row("parcels") == ["15"]
    assert ended.row("ordered")[:2] == ["3652.57 BRL", "3652.57 BRL"]
    assert ended.row("charged")[:2] == ["3244.32 BRL", "3244.32 BRL"]
    assert ended.row("stock ledger")[0] == "adds up"


async def test_a_second_replay_reports_malformed_rows_and_places_the_rest_again(stack: Stack, tmp_path: Path) -> None:
    shutil.copytree(DEMO_ORDERS, tmp_path, dirs_exist_ok=True)
    items = tmp_path / "order_items.csv"
    good = "demo-order-02,3,demo-bulb,demo-luz,9.99"
    items.write_text(items.read_text().replace(good, good.replace("9.99", "cheap")))
    ended = await replay_orders(stack, tmp_path, "--limit", "3", "--concurrency", "2")
    assert ended.exit_code == 0, ended.printed
    assert "order_items.csv:5: price: 'cheap' is not a decimal number" in ended.printed
    assert "order demo-order-02, for order_items.csv:5" in ended.printed
    assert ended.row("orders placed")[:2] == ["3", "3"]


async def test_a_folder_without_the_files_is_refused_in_one_line(stack: Stack, tmp_path: Path) -> None:
    ended = await replay_orders(stack, tmp_path)
    assert ended.exit_code == 2
    assert "orders.csv: No such file or directory" in ended.printed
