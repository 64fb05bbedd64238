"""The whole replay: the catalogue, every order to its end, the stock check."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cli.client import Api, ApiProblem, ApiUnreachable
from cli.marketplace.catalogue import offers, sku_of
from cli.marketplace.ledger import check_stock
from cli.marketplace.loading import load_catalogue
from cli.marketplace.orders import MarketplaceOrder
from cli.marketplace.outcome import Outcome, judge
from cli.marketplace.placing import AmountsDiffer, Pace, Stalled, place, until_its_end


class Watcher(Protocol):
    """Whoever shows how far the replay is."""

    def loading(self, skus: int) -> None: ...

    def placed(self, order_no: str) -> None: ...

    def ended(self, outcome: Outcome) -> None: ...


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of it. `stock` lists what does not add up in the ledger; times are in seconds."""

    outcomes: tuple[Outcome, ...]
    stock: tuple[str, ...]
    placing_seconds: float
    total_seconds: float

    @property
    def failures(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.failure is not None)

    @property
    def good(self) -> bool:
        return bool(self.outcomes) and not self.failures and not self.stock


async def replay(
    api: Api, orders: Sequence[MarketplaceOrder], *, run: str, concurrency: int, pace: Pace, watcher: Watcher
) -> Replay:
    """Place `orders`, at most `concurrency` at a time, and see each to its end. `run` makes this replay's keys its own.

    Gives up on what is left when no order has got on for as long as `pace` is patient.
    """
    made = offers(orders)
    watcher.loading(len(made))
    refused = await load_catalogue(api.operator("replay-orders"), made)
    playing = _Playing(api, run, asyncio.Semaphore(concurrency), pace, refused, watcher)
    began = time.monotonic()
    pace.news()
    outcomes = tuple(await asyncio.gather(*(playing.play(order) for order in orders)))
    total_seconds = time.monotonic() - began
    loaded = [offer for offer in made if offer.sku not in refused]
    stock = await check_stock(api, loaded, outcomes, concurrency)
    return Replay(outcomes, tuple(stock), playing.last_placed - began, total_seconds)


class _Playing:
    def __init__(
        self,
        api: Api,
        run: str,
        gate: asyncio.Semaphore,
        pace: Pace,
        refused: Mapping[str, str],
        watcher: Watcher,
    ) -> None:
        self._api, self._run, self._gate, self._pace = api, run, gate, pace
        self._refused, self._watcher = refused, watcher
        self.last_placed = time.monotonic()

    async def play(self, order: MarketplaceOrder) -> Outcome:
        """One order from preview to its end, whatever happens to it."""
        outcome = Outcome(order, failure=self._without_goods(order))
        if outcome.failure is None:
            outcome = await self._placed(order)
        self._watcher.ended(outcome)
        return outcome

    async def _placed(self, order: MarketplaceOrder) -> Outcome:
        order_no = None
        try:
            async with self._gate:
                order_no = await place(self._api, order, self._run)
            self.last_placed = time.monotonic()
            self._pace.news()
            self._watcher.placed(order_no)
            shown = await until_its_end(self._api.buyer(order.customer_id), order_no, self._pace)
            return judge(order, shown)
        except (AmountsDiffer, ApiProblem, ApiUnreachable, Stalled) as error:
            return Outcome(order, order_no=order_no, failure=str(error))

    def _without_goods(self, order: MarketplaceOrder) -> str | None:
        missing = [sku for item in order.quantities() if (sku := sku_of(item)) in self._refused]
        return "; ".join(f"the catalogue refused {sku}: {self._refused[sku]}" for sku in missing) or None
