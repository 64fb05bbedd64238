"""`python -m tests.compose_trial.trial`: orders through a running `docker compose`, while its parts are killed.

Run it in the project's folder, as somebody who may kill containers' processes, after `docker compose up -d --wait`
with a development `.env` and the profile `simulate`.
"""

import asyncio
import os
import secrets
import signal
import subprocess
import time
from pathlib import Path

from cli.client import Api, Caller, JsonObject
from cli.purchase import at_the_cashier, attempt, goods, preview, submit

PARTS = ("worker", "api", "valkey", "postgres", "temporal")
_ADDRESS: JsonObject = {
    "name": "Trial",
    "phone": "0900000000",
    "line1": "1",
    "city": "Taipei",
    "region": "Taipei",
    "postal_code": "100",
    "country": "TW",
}
_PATIENCE = 180.0


def environment() -> dict[str, str]:
    lines = Path(".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def compose(*arguments: str) -> str:
    return docker("compose", *arguments)


def docker(*arguments: str) -> str:
    command = ("docker", *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout  # noqa: S603 - our own words


def kill(service: str) -> None:
    """As a crash does: by SIGKILL and not through the engine, which would take it for a wish."""
    container = compose("ps", "-q", service).split()[0]
    os.kill(int(docker("inspect", "--format", "{{.State.Pid}}", container)), signal.SIGKILL)


async def place(api: Api) -> tuple[Caller, str]:
    buyer = api.buyer(f"trial-{secrets.token_hex(4)}")
    order = await submit(buyer, await preview(buyer, goods(("BOOK-TIDES", 1)), _ADDRESS))
    return buyer, order["order_no"]


async def pay(buyer: Caller, number: str) -> None:
    payment = await attempt(buyer, number, "card", key=secrets.token_hex(8))
    await at_the_cashier(buyer, payment, "succeed")


async def completed(buyer: Caller, number: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while (status := (await buyer.get(f"/v1/orders/{number}"))["status"]) != "completed":
        if time.monotonic() > deadline:
            raise TimeoutError(f"{number} is {status}")
        await asyncio.sleep(0.5)


async def survive(api: Api, service: str) -> None:
    """Three orders: unpaid, paid, and not yet there when the service dies."""
    unpaid, paid = await place(api), await place(api)
    await pay(*paid)
    kill(service)
    late = await place(api)
    await pay(*unpaid)
    await pay(*late)
    await asyncio.to_thread(compose, "restart", service)
    for order in (unpaid, paid, late):
        await completed(*order)


async def main() -> None:
    secret = environment()["ORDERSAGA_AUTH__DEVELOPMENT_SECRET"]
    async with Api(f"http://127.0.0.1:{environment()['ORDERSAGA_PORT']}", secret=secret, patience=90) as api:
        for service in PARTS:
            began = time.monotonic()
            await survive(api, service)
            print(f"{service} killed and restarted: three orders completed in {time.monotonic() - began:.0f} s")
    print(compose("exec", "-T", "api", "ordersaga", "verify-audit"))


if __name__ == "__main__":
    asyncio.run(main())
