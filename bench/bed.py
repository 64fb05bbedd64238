"""What every benchmark stands on: an embedded stack of its own, clients of it, CPU by process, rounds with progress."""

import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track

from bench.client import wired_api
from bench.cpu import cpu_seconds
from cli.client import Api
from devstack.options import StackOptions
from devstack.stack import Stack

SKU = "BENCH-1"
WAREHOUSE = "tpe-1"
ADDRESS = {
    "name": "Bench",
    "phone": "0900000000",
    "line1": "1",
    "city": "Taipei",
    "region": "Taipei",
    "postal_code": "100",
    "country": "TW",
}
_UNLIMITED = {"ORDERSAGA_RATE_LIMITS__ENABLED": "false"}
"""Many calls from one address are what is measured here, and no attack."""
_IN_STOCK = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much is measured: rounds, and a factor on the calls of each."""

    rounds: int = 3
    factor: float = 1.0

    def of(self, calls: int) -> int:
        return max(2, round(calls * self.factor))


@dataclass(frozen=True, slots=True)
class Bed:
    """A running stack. `api` refuses rather than tries again, so that no trouble hides in a latency."""

    stack: Stack
    api: Api
    amount: Amount

    def rounds(self, what: str) -> Iterator[int]:
        """The numbers of the rounds, with a progress display."""
        yield from track(range(self.amount.rounds), description=what, transient=True)

    def cpu(self, **beside: int) -> dict[str, float]:
        """CPU seconds so far of each process of the stack, and of others by their pid."""
        pids = {**self.stack.addresses.pids, **beside}
        return cpu_seconds({name.partition("-")[0]: pid for name, pid in pids.items()})


def spent(before: Mapping[str, float], after: Mapping[str, float], calls: int) -> dict[str, float]:
    """CPU milliseconds of each process for one call."""
    return {name: 1000 * (after[name] - before[name]) / calls for name in after}


@asynccontextmanager
async def bed(
    amount: Amount, environment: Mapping[str, str] | None = None, *, postgres: Mapping[str, str] | None = None
) -> AsyncIterator[Bed]:
    """A fresh stack, with goods to sell, in a temporary folder. `postgres` are settings of the server's."""
    with tempfile.TemporaryDirectory(prefix="ordersaga-bench-") as folder:
        options = StackOptions(
            data_dir=Path(folder),
            port=0,
            simulate=False,
            environment={**_UNLIMITED, **(environment or {})},
            postgres=postgres or {},
        )
        async with Stack(options) as stack:
            secret = stack.environment["ORDERSAGA_AUTH__DEVELOPMENT_SECRET"]
            async with wired_api(stack.addresses.api, secret=secret) as api:
                await sell(api, SKU)
                yield Bed(stack, api, amount)


async def sell(api: Api, sku: str, *, price: int = 10_000) -> None:
    """Put a plain good on the shelf, more than anybody buys."""
    await api.operator("bench").put(
        f"/v1/admin/skus/{sku}",
        {
            "name": f"Bench {sku}",
            "price": {"amount": price, "currency": "TWD"},
            "merchant_id": "ordersaga",
            "stock": {WAREHOUSE: _IN_STOCK},
        },
    )
