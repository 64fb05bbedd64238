"""Previews per second and what one costs the API process, beside a bare endpoint with the same authentication.

Carts of plain lines, to which no offer applies, and the pricing fixture's: ten lines, twenty promotions, two benefits,
five coupons (`baskets/mid_autumn.yaml`). The floor is sent the same body.

Per second is told twice. By the clock, with enough calls at once that the API process is always busy: PostgreSQL and
this program take turns with it on the same cores, so on few cores the clock measures all of them, and whoever else is
busy. And by CPU: how many calls one second of the API process's CPU time answers, which is what one process can do
when the others have cores of their own. The goals are per API process, so they are judged by CPU.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from api.authentication import development_token
from bench.bare_api import BARE, BareApi, bare_api, secret_of
from bench.bed import ADDRESS, Amount, Bed, bed, sell
from bench.figures import Figure, Goal, Result
from bench.machine import REFERENCE_SECONDS, additions_seconds, on_reference
from bench.timed import Timed, timed
from bench.wire import Wire, wire
from cli.purchase import goods

ABOUT = "previews per second and the API's CPU for each"

BASKET = Path(__file__).parent / "baskets" / "mid_autumn.yaml"
FIXTURE = "fixture's cart"
_PLAIN = {1: 150, 3: 150, 10: 80, 50: 30}
"""Lines → previews in a round."""
_OF_FIXTURE = 80
_BARE = 4
"""The floor is called more often: CPU time is told in ticks of ten milliseconds."""
_GOALS = {"3 lines": Goal(at_least=250, of_ratio=False), FIXTURE: Goal(at_least=100, of_ratio=False)}


@dataclass(frozen=True, slots=True)
class Cart:
    """A body of `POST /v1/quotes`, and how often it is sent in a round."""

    name: str
    buyer: str
    body: Mapping[str, Any]
    previews: int


async def measure(amount: Amount) -> Result:
    ours: dict[str, list[Timed]] = defaultdict(list)
    floor: dict[str, list[Timed]] = defaultdict(list)
    additions: list[float] = []
    async with bed(amount) as stand, bare_api(stand.stack) as bare, wire(stand.stack.addresses.api) as api:
        # The fixture's offers are not there yet while plain carts are priced.
        for prepare in (_plain, _fixture):
            carts = await prepare(stand)
            for cart in carts:
                await _round(stand, api, bare, cart, max(20, cart.previews // 4))
            for _ in stand.rounds("preview"):
                additions.append(additions_seconds())
                for cart in carts:
                    mine, bares = await _round(stand, api, bare, cart, amount.of(cart.previews))
                    ours[cart.name].append(mine)
                    floor[cart.name].append(bares)
    loop = sorted(additions)[len(additions) // 2]
    return Result(
        name="preview",
        about=ABOUT,
        figures=[figure for name in ours for figure in _figures(name, ours[name], floor[name])],
        beside={
            "cpu_ms_by_process": {name: [dict(one.cpu) for one in found] for name, found in ours.items()},
            "additions_seconds": additions,
            f"api_cpu_ms_where_additions_take_{REFERENCE_SECONDS}_s": {
                name: [on_reference(one.cpu["api"], loop) for one in found] for name, found in ours.items()
            },
        },
    )


def _figures(name: str, ours: Sequence[Timed], floor: Sequence[Timed]) -> list[Figure]:
    return [
        Figure(
            name=f"{name}, by the clock",
            unit="previews/s",
            ours=[one.burst.per_second for one in ours],
            floor=[one.burst.per_second for one in floor],
        ),
        Figure(
            name=f"{name}, by the API's CPU",
            unit="previews/CPU s",
            ours=[1000 / one.cpu["api"] for one in ours],
            floor=[1000 / one.cpu["bare"] for one in floor],
            goal=_GOALS.get(name),
        ),
        Figure(
            name=f"{name}, CPU of the API",
            unit="ms",
            ours=[one.cpu["api"] for one in ours],
            floor=[one.cpu["bare"] for one in floor],
        ),
    ]


async def _plain(stand: Bed) -> list[Cart]:
    skus = [f"BENCH-PLAIN-{number}" for number in range(max(_PLAIN))]
    await asyncio.gather(*(sell(stand.api, sku) for sku in skus))
    return [
        Cart(
            name=f"{lines} line{'s' if lines > 1 else ''}",
            buyer="bench-buyer",
            body={"items": goods(*((sku, 1) for sku in skus[:lines])), "address": ADDRESS},
            previews=previews,
        )
        for lines, previews in _PLAIN.items()
    ]


async def _fixture(stand: Bed) -> list[Cart]:
    document = yaml.safe_load(BASKET.read_text())
    await stand.api.operator("bench").post("/v1/admin/catalogue", document["catalogue"])
    (member,) = document["catalogue"]["members"]
    body = {**document["quote"], "address": ADDRESS}
    return [Cart(name=FIXTURE, buyer=member["account"], body=body, previews=_OF_FIXTURE)]


async def _round(stand: Bed, api: Wire, bare: BareApi, cart: Cart, previews: int) -> tuple[Timed, Timed]:
    """Ours and the floor's."""
    token = development_token(secret_of(stand.stack), role="buyer", subject=cart.buyer)
    asks = api.post("/v1/quotes", cart.body, token, expected=200)
    bares = bare.wire.post(BARE, cart.body, token, expected=200)
    return await timed(stand, bare, [asks] * previews), await timed(stand, bare, [bares] * (_BARE * previews))
