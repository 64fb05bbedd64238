"""Five hundred buyers of fifty units at once, each allowed one, half of them double-clicking (R-TYPE-2, S1, P5).

The API and the worker are processes of this module's own, with a database and a Redis of their own on the session's
servers, so that a test may empty the one and kill the other.
"""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

import httpx
import pytest
from redis.asyncio import Redis

from devstack.stack import Stack
from tests.flash_sales import LONGEST, FlashSale, outcomes
from tests.integration.observed_processes import Processes, running_processes
from tests.shop import Person

pytestmark = pytest.mark.timeout(110)

Seen = TypeVar("Seen")

CROWD, UNITS = 500, 50
OWN_REDIS = "/7"
PATIENT = '{"flash_sale": {"payment_seconds": 600, "lease_seconds": 30}}'


@pytest.fixture(scope="module")
async def rushed(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Processes]:
    environment = {
        "ORDERSAGA_POLICIES": PATIENT,
        "ORDERSAGA_REDIS_URL": own_redis(stack),
        "ORDERSAGA_SANDBOXED_WORKFLOWS": "false",
    }
    async with running_processes(stack, tmp_path_factory.mktemp("rushed"), "flash_sales", environment) as processes:
        yield processes


def own_redis(stack: Stack) -> str:
    return stack.addresses.redis.rpartition("/")[0] + OWN_REDIS


def crowd(sale: FlashSale, size: int = CROWD) -> list[Person]:
    return [sale.shop.buyer(f"{sale.sku}-{number}") for number in range(size)]


async def test_five_hundred_buyers_of_fifty_units_make_fifty_orders(rushed: Processes) -> None:
    sale = await FlashSale.opens(rushed.shop, UNITS, limit=1)
    buyers = crowd(sale)
    answers = await together(sale.buys(buyer, clicks=1 + number % 2) for number, buyer in enumerate(buyers))
    unlike = [outcomes(clicks) for clicks in answers if len(set(outcomes(clicks))) > 1]
    assert unlike == [], "both clicks are answered alike"
    told = Counter(outcomes(clicks)[0] for clicks in answers)
    assert told == {"placed": UNITS, "sold_out": CROWD - UNITS}
    await is_sold_out_rightly(sale, buyers, [clicks[0] for clicks in answers])


async def test_when_redis_is_emptied_in_the_middle_no_unit_is_sold_twice_and_none_is_left(
    rushed: Processes, stack: Stack
) -> None:
    async def empty() -> None:
        async with Redis.from_url(own_redis(stack)) as redis:
            await redis.flushdb()

    await is_sold_out_in_spite_of(empty, rushed)


async def test_when_the_api_is_killed_in_the_middle_no_unit_is_sold_twice_and_none_is_left(rushed: Processes) -> None:
    async def kill() -> None:
        rushed.children.send("api", signal.SIGKILL)
        assert await rushed.children.exited("api", LONGEST) is not None
        async with asyncio.timeout(LONGEST):
            await rushed.children.restart("api")

    await is_sold_out_in_spite_of(kill, rushed)


async def is_sold_out_in_spite_of(trouble: Callable[[], Awaitable[None]], rushed: Processes) -> None:
    """Buyers whose connection breaks come back with the same quote; whoever is told that it is sold out tries again."""
    sale = await FlashSale.opens(rushed.shop, UNITS, limit=1)
    buyers = crowd(sale, 120)
    placed, is_the_middle = 0, asyncio.Event()

    async def buy(number: int) -> list[httpx.Response]:
        nonlocal placed
        answers = await sale.buys(buyers[number], 1 + number % 2)
        placed += outcomes(answers)[0] == "placed"
        if placed == UNITS // 5:
            is_the_middle.set()
        return answers

    rush = asyncio.create_task(together(buy(number) for number in range(len(buyers))))
    async with asyncio.timeout(LONGEST):
        await is_the_middle.wait()
    await trouble()
    answers = [clicks[0] for clicks in await rush]
    while (sold := await sale.sold()) < UNITS:
        unlucky = [number for number, answer in enumerate(answers) if answer.status_code != 201]
        assert unlucky, f"{sold} are sold, and everybody was told that theirs is"
        again = await asyncio.gather(*(sale.buys(buyers[number]) for number in unlucky[: UNITS - sold]))
        for number, clicks in zip(unlucky, again, strict=False):
            answers[number] = clicks[0]
    await is_sold_out_rightly(sale, buyers, answers)


async def together(buying: Iterable[Coroutine[Any, Any, Seen]]) -> list[Seen]:
    """As many at once as there are connections for, so that the last preview does not wait in front of a submit."""
    places = asyncio.Semaphore(100)

    async def bounded(one: Coroutine[Any, Any, Seen]) -> Seen:
        async with places:
            return await one

    return await asyncio.gather(*(bounded(one) for one in buying))


async def is_sold_out_rightly(sale: FlashSale, buyers: list[Person], answers: list[httpx.Response]) -> None:
    """Each unit is one order's, nobody has two, whoever was told so has theirs, and the ledger adds up.

    Whoever clicks again while the gate is built anew may hear `sold_out` of an order that is being placed.
    """
    orders = await sale.orders_of(buyers)
    assert max(map(len, orders)) == 1
    for found, answer in zip(orders, answers, strict=True):
        assert answer.status_code != 201 or found == [answer.json()["order_no"]]
    assert sum(map(len, orders)) == UNITS == await sale.sold()
