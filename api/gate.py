"""The gate before quotes and submits of order types that have one (R-TYPE-2).

Whoever cannot buy is told so after one round trip to Redis. While Redis is away, a few at once do without: PostgreSQL
says no as well, only dearer, and the rest of the shop is to have its connections.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class Asked:
    """What a gate is asked by a `quote`, which only looks, or by a `submit`. The account is empty until it is known."""

    step: Literal["quote", "submit"]
    key: GateKey
    entrant: Entrant

    def by(self, account: str) -> "Asked | None":
        """The same, asked by this account; `None` if it is somebody else's to ask."""
        if self.entrant.account:
            return self if self.entrant.account == account else None
        return replace(self, entrant=replace(self.entrant, account=account))


def asked_by_cart(order_type: str | None, items: Sequence[CartItem], buyer: str = "") -> Asked | None:
    """`None` if no gate stands before it. A cart of several SKUs is for pricing to refuse."""
    skus = {item.sku for item in items}
    if order_type is None or not _has_gate(order_type) or len(skus) != 1:
        return None
    units = sum(item.quantity for item in items)
    return Asked("quote", GateKey(order_type, skus.pop()), Entrant(account=buyer, units=units))


def asked_by_quote(quote: Quote) -> Asked | None:
    """`None` if no gate stands before it."""
    asked = asked_by_cart(quote.order_type, quote.items, quote.buyer)
    if asked is None:
        return None
    campaign = quote.promised["campaign"] or ""
    entrant = replace(asked.entrant, order_no=quote.order_no, campaign=campaign)
    return Asked("submit", asked.key, entrant)


class Gates:
    """The gates as requests pass them. Refusals are `CampaignUnavailable`, `PurchaseLimitExceeded` and `SoldOut`."""

    def __init__(self, settings: Settings, redis: Redis, database: Database) -> None:
        self._settings = settings
        self._gate = Gate(redis)
        self._database = database
        self._places = asyncio.Semaphore(settings.gate.requests_without)
        self._without_gate: dict[str, float] = {}

    async def glance(self, asked: Asked) -> Answer | None:
        """A refusal, if that is what is answered for sure to a look that takes nothing and builds nothing."""
        if self._went_without(asked):
            return None
        try:
            answer = await self._gate.glance(asked.key, asked.entrant, datetime.now(UTC))
        except GateAway:
            return None
        return answer if answer.refusal(asked.key.sku, asked.entrant.units) else None

    async def look(self, order_type: str | None, items: Sequence[CartItem], buyer: str) -> Answer | None:
        """Raise what the gate would refuse, having taken nothing. `None` if there is no gate, or it is away."""
        asked = asked_by_cart(order_type, items, buyer)
        if asked is None:
            return None
        answer = await self._answer(asked.key, lambda at: self._gate.look(asked.key, asked.entrant, at))
        return self.tell(asked, answer)

    @asynccontextmanager
    async def looking(self, order_type: str | None, items: Sequence[CartItem], buyer: str) -> AsyncIterator[None]:
        """`look`, before what is done inside."""
        answer = await self.look(order_type, items, buyer)
        is_away = answer is None and asked_by_cart(order_type, items, buyer) is not None
        async with self._without() if is_away else contextlib.nullcontext():
            yield

    @asynccontextmanager
    async def entering(self, quote: Quote, placement: Callable[[], Placement | None]) -> AsyncIterator[None]:
        """Hold tokens for the quote's order while it is submitted inside. `placement` is what is known of it then.

        Placed, the tokens are the order's; refused, they come back; undecided, the lease runs out, or the gate is
        told of the order by a worker.
        """
        asked = asked_by_quote(quote)
        if asked is None:
            yield
            return
        key, entrant = asked.key, asked.entrant
        lease = timedelta(seconds=self._settings.policies_of(key.order_type).lease_seconds)
        answer = self.tell(asked, await self._answer(key, lambda at: self._gate.enter(key, entrant, at, lease)))
        if answer is not None and (answer.settled or answer.outcome is Outcome.UNGUARDED):
            yield
            return
        is_let_in = answer is not None and answer.outcome is not Outcome.OTHER
        async with contextlib.nullcontext() if is_let_in else self._without(entrant.order_no, lease):
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

    def tell(self, asked: Asked, answer: Answer | None) -> Answer | None:
        """Count the answer, and raise it if it is a refusal. `None` if the gate says nothing."""
        refusal = answer and answer.refusal(asked.key.sku, asked.entrant.units)
        if refusal and self._went_without(asked):
            answer = refusal = None
        outcome = "away" if answer is None else answer.outcome.value
        metrics.GATE_ANSWERS.labels(order_type=asked.key.order_type, step=asked.step, answer=outcome).inc()
        if refusal:
            raise refusal
        return answer

    def _went_without(self, asked: Asked) -> bool:
        """Another click of the same order did: the gate may not know of it, and all are to be answered alike."""
        return self._without_gate.get(asked.entrant.order_no, 0) > time.monotonic()

    @asynccontextmanager
    async def _without(self, order_no: str = "", lease: timedelta = timedelta()) -> AsyncIterator[None]:
        if self._places.locked():
            raise unavailable("the sale")
        async with self._places:
            if order_no:
                now = time.monotonic()
                self._without_gate = {other: until for other, until in self._without_gate.items() if until > now}
                self._without_gate[order_no] = now + lease.total_seconds()
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


def _has_gate(order_type: str | None) -> bool:
    kind = ORDER_TYPES.get(order_type or "")
    return kind is not None and kind.gated
