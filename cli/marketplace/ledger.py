"""The stock check after a replay: balances equal their ledger, nothing stays reserved, what was sold is gone."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

from cli.client import Api, ApiProblem, JsonObject
from cli.marketplace.catalogue import Offer, sku_of
from cli.marketplace.outcome import Outcome


async def check_stock(api: Api, made: Sequence[Offer], outcomes: Iterable[Outcome], limit: int) -> list[str]:
    """What does not add up, SKU by SKU; an empty list when all does."""
    sold: Counter[str] = Counter()
    unsettled: set[str] = set()
    for outcome in outcomes:
        for item, quantity in outcome.order.quantities().items():
            if outcome.failure is not None:
                unsettled.add(sku_of(item))
            elif outcome.status == "completed":
                sold[sku_of(item)] += quantity
    gate = asyncio.Semaphore(limit)
    operator = api.operator("replay-orders")

    async def checked(offer: Offer) -> list[str]:
        async with gate:
            try:
                found = await operator.get(f"/v1/admin/stock/{offer.sku}")
            except ApiProblem as problem:
                return [f"{offer.sku}: {problem}"]
        # Whose order failed may still hold stock: then the balances must agree, and no more can be said.
        settled = offer.sku not in unsettled
        return discrepancies(offer.sku, found, on_hand=offer.stock - sold[offer.sku] if settled else None)

    return [line for lines in await asyncio.gather(*map(checked, made)) for line in lines]


def discrepancies(sku: str, found: JsonObject, *, on_hand: int | None) -> list[str]:
    """`on_hand` is what must be left when every order for the SKU has ended; `None` when some have not."""
    ledger = found["ledger_sum"]
    wrong = [
        f"{sku}: {name} is {found[name]} but its ledger adds up to {ledger[name]}"
        for name in ("on_hand", "reserved")
        if found[name] != ledger[name]
    ]
    if on_hand is not None and found["reserved"] != 0:
        wrong.append(f"{sku}: {found['reserved']} are still reserved")
    if on_hand is not None and found["on_hand"] != on_hand:
        wrong.append(f"{sku}: {found['on_hand']} are on hand where {on_hand} should be left")
    return wrong
