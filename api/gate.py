"""The gate before quotes and submits of order types that have one (R-TYPE-2).

Whoever cannot buy is told so after one round trip to Redis. While Redis is away, a few at once do without: PostgreSQL
says no as well, only dearer, and the rest of the shop is to have its connections.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog
from redis.asyncio import Redis

from api.problems import unavailable
from api.quote import Quote
from ordersaga.domain.errors import OutOfStock, Refused
from ordersaga.domain.gate import Answer, Entrant, GateKey, Outcome
from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.domain.messages import Placement
from ordersaga.domain.pricing.quote import CartItem
from ordersaga.gateways import metrics
from ordersaga.gateways.gate.gate import Gate, GateAway
from ordersaga.persistence import gates
from ordersaga.persistence.database import Database
from ordersaga.settings import Settings

log = structlog.get_logger()

_PATIENCE_SECONDS = 3.0
"""How long a request waits while another one builds the gate."""


class Gates:
    """The gates as requests pass them. Refusals are `CampaignUnavailable`, `PurchaseLimitExceeded` and `SoldOut`."""

    def __init__(self, settings: Settings, redis: Redis, database: Database) -> None:
        self._settings = settings
        self._gate = Gate(redis)
        self._database = database
        self._places = asyncio.Semaphore(settings.gate.requests_without)

    async def look(self, order_type: str | None, items: Sequence[CartItem], buyer: str) -> Answer | None:
        """Raise what the gate would refuse, having taken nothing. `None` if there is no gate, or it is away."""
        asked = _asked(order_type, items, buyer)
        if asked is None:
            return None
        key, entrant = asked
        answer = await self._answer(key, lambda at: self._gate.look(key, entrant, at))
        _tell("quote", key, entrant, answer)
        return answer

    @asynccontextmanager
    async def looking(self, order_type: str | None, items: Sequence[CartItem], buyer: str) -> AsyncIterator[None]:
        """`look`, before what is done inside."""
        answer = await self.look(order_type, items, buyer)
        is_away = answer is None and _asked(order_type, items, buyer) is not None
        async with self._without() if is_away else contextlib.nullcontext():
            yield

    @asynccontextmanager
    async def entering(self, quote: Quote, placement: Callable[[], Placement | None]) -> AsyncIterator[None]:
        """Hold tokens for the quote's order while it is submitted inside. `placement` is what is known of it then.

        Placed, the tokens are the order's; refused, they come back; undecided, the lease runs out, or the gate is
        told of the order by a worker.
        """
        asked = _asked(quote.order_type, quote.items, quote.buyer)
        if asked is None:
            yield
            return
        key, looking = asked
        entrant = replace(looking, order_no=quote.order_no, campaign=quote.promised["campaign"] or "")
        lease = timedelta(seconds=self._settings.policies_of(key.order_type).lease_seconds)
        answer = await self._answer(key, lambda at: self._gate.enter(key, entrant, at, lease))
        _tell("submit", key, entrant, answer)
        if answer is None or answer.outcome is Outcome.OTHER:
            async with self._without():
                yield
        elif answer.settled or answer.outcome is Outcome.UNGUARDED:
            yield
        else:
            try:
                yield
            except BaseException as error:
                await self._settle(key, entrant, placement(), error)
                raise
            await self._settle(key, entrant, Placement(placed=True), None)

    async def refresh(self, key: GateKey) -> None:
        """Tell a gate at once that its campaign was changed; if that fails, it is told by a worker."""
        if _has_gate(key.order_type):
            with contextlib.suppress(GateAway):
                await self._gate.refresh(key, gates.reader(self._database, key), datetime.now(UTC))

    async def _answer(self, key: GateKey, ask: Callable[[datetime], Awaitable[Answer]]) -> Answer | None:
        """The gate's answer, the gate built first if need be; `None` while Redis is away."""
        give_up, pause = time.monotonic() + _PATIENCE_SECONDS, 0.02
        try:
            while (answer := await ask(datetime.now(UTC))).outcome is Outcome.UNKNOWN:
                if answer.first:
                    await self._build(key)
                    continue
                if time.monotonic() > give_up:
                    raise unavailable("the sale")
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.3)
        except GateAway as error:
            log.warning("the gate is away", error=str(error))
            return None
        return answer

    async def _build(self, key: GateKey) -> None:
        try:
            await self._gate.refresh(key, gates.reader(self._database, key), datetime.now(UTC))
        except GateAway:
            raise
        except BaseException:
            with contextlib.suppress(GateAway):
                await self._gate.give_up(key)
            raise

    @asynccontextmanager
    async def _without(self) -> AsyncIterator[None]:
        if self._places.locked():
            raise unavailable("the sale")
        async with self._places:
            yield

    async def _settle(
        self, key: GateKey, entrant: Entrant, placement: Placement | None, error: BaseException | None
    ) -> None:
        with contextlib.suppress(GateAway):
            if placement is not None and placement.placed:
                await self._gate.confirm(key, entrant)
            elif placement is not None:
                await self._gate.release(key, entrant.order_no, returning=placement.code != OutOfStock.code)
            elif isinstance(error, Refused):
                await self._gate.release(key, entrant.order_no)


def _asked(order_type: str | None, items: Sequence[CartItem], buyer: str) -> tuple[GateKey, Entrant] | None:
    """Which gate is asked for what; `None` without one. A cart of several SKUs is for pricing to refuse."""
    skus = {item.sku for item in items}
    if order_type is None or not _has_gate(order_type) or len(skus) != 1:
        return None
    return GateKey(order_type, skus.pop()), Entrant(account=buyer, units=sum(item.quantity for item in items))


def _has_gate(order_type: str | None) -> bool:
    kind = ORDER_TYPES.get(order_type or "")
    return kind is not None and kind.gated


def _tell(step: str, key: GateKey, entrant: Entrant, answer: Answer | None) -> None:
    """Count the answer, and raise it if it is a refusal."""
    outcome = "away" if answer is None else answer.outcome.value
    metrics.GATE_ANSWERS.labels(order_type=key.order_type, step=step, answer=outcome).inc()
    refusal = answer and answer.refusal(key.sku, entrant.units)
    if refusal:
        raise refusal
