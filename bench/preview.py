"""`python -m bench.preview`: what a preview of a known cart costs the API process, in CPU milliseconds.

Previews and a loop of plain additions take turns, so that the figure can be told for another machine: the loop says
how fast this one is at the moment.
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
import yaml
from rich.console import Console
from rich.progress import track
from rich.table import Table

from api.authentication import development_token
from bench.cpu import cpu_seconds
from bench.orders import ADDRESS
from devstack.options import StackOptions
from devstack.stack import Stack

BASKETS = Path(__file__).parent / "baskets"
REFERENCE_SECONDS = 1.2
"""How long ten million additions take on the machine for which budgets are named."""
_ADDITIONS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """CPU milliseconds of the API process for each preview; `reference_ms` is that on the reference machine."""

    cpu_ms: float
    additions_seconds: float

    @property
    def reference_ms(self) -> float:
        return self.cpu_ms * REFERENCE_SECONDS / self.additions_seconds


@dataclass(slots=True)
class Previewing:
    """A buyer who previews one cart again and again."""

    http: httpx.AsyncClient
    stack: Stack
    body: dict[str, Any]
    headers: dict[str, str]

    async def preview(self) -> dict[str, Any]:
        answer = await self.http.post("/v1/quotes", json=self.body, headers=self.headers)
        answer.raise_for_status()
        return dict(answer.json())

    async def round(self, previews: int) -> Round:
        before = self._api_seconds()
        for _ in range(previews):
            await self.preview()
        spent = self._api_seconds() - before
        return Round(cpu_ms=1000 * spent / previews, additions_seconds=_additions())

    def _api_seconds(self) -> float:
        return cpu_seconds({"api": self.stack.addresses.pids["api"]})["api"]


@asynccontextmanager
async def previewing(stack: Stack, basket: str) -> AsyncIterator[Previewing]:
    """Load a basket's catalogue, and be its buyer."""
    document = yaml.safe_load((BASKETS / f"{basket}.yaml").read_text())
    secret = stack.environment["ORDERSAGA_AUTH__DEVELOPMENT_SECRET"]

    def headers(role: str, subject: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {development_token(secret, role=role, subject=subject)}"}

    async with httpx.AsyncClient(base_url=stack.addresses.api, timeout=60, trust_env=False) as http:
        loaded = await http.post(
            "/v1/admin/catalogue", json=document["catalogue"], headers=headers("operator", "bench")
        )
        loaded.raise_for_status()
        members = document["catalogue"].get("members") or [{"account": "bench"}]
        body = {**document["quote"], "address": ADDRESS}
        yield Previewing(http, stack, body, headers("buyer", members[0]["account"]))


def _additions() -> float:
    """CPU seconds of ten million additions in a plain loop."""
    began, total = time.process_time(), 0
    for number in range(_ADDITIONS):
        total = total + number
    return time.process_time() - began


async def measure(basket: str, previews: int, rounds: int) -> tuple[dict[str, Any], list[Round]]:
    with tempfile.TemporaryDirectory(prefix="ordersaga-bench-") as folder:
        # Many previews by one buyer from one address are what is measured here, and no attack.
        environment = {"ORDERSAGA_RATE_LIMITS__ENABLED": "false"}
        options = StackOptions(data_dir=Path(folder), port=0, simulate=False, environment=environment)
        async with Stack(options) as stack, previewing(stack, basket) as buyer:
            quote = await buyer.preview()
            await buyer.round(previews)
            return quote, [await buyer.round(previews) for _ in track(range(rounds), description="previewing")]


def show(basket: str, quote: dict[str, Any], rounds: list[Round]) -> None:
    applied = sum(offer["applied"] for offer in quote["offers"])
    table = Table(title=f"{basket}: {len(quote['lines'])} lines, {applied} of {len(quote['offers'])} offers apply")
    table.add_column("medians over rounds")
    table.add_column("", justify="right")
    table.add_row("CPU of the API process for a preview, ms", f"{_median([one.cpu_ms for one in rounds]):.2f}")
    table.add_row("10,000,000 additions, s", f"{_median([one.additions_seconds for one in rounds]):.2f}")
    table.add_row(f"where these take {REFERENCE_SECONDS} s, ms", f"{_median([one.reference_ms for one in rounds]):.2f}")
    table.add_row("payable", f"{quote['totals']['payable']['amount']} {quote['totals']['payable']['currency']}")
    Console().print(table)


def _median(values: list[float]) -> float:
    return float(statistics.median(values))


def main(
    basket: Annotated[str, typer.Option(help="a file of bench/baskets, without its ending")] = "mid_autumn",
    previews: Annotated[int, typer.Option(min=10, max=5000, help="previews per round")] = 200,
    rounds: Annotated[int, typer.Option(min=1, max=50)] = 5,
    output: Annotated[Path | None, typer.Option(help="also write the rounds as JSON")] = None,
) -> None:
    """Measure previews on the embedded stack. Bounded by previews × rounds."""
    quote, measured = asyncio.run(measure(basket, previews, rounds))
    show(basket, quote, measured)
    if output is not None:
        output.write_text(json.dumps([asdict(one) for one in measured], indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
