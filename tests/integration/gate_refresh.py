"""A refresh of a gate taken apart into its steps, over a model of what PostgreSQL would know."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ordersaga.domain.campaigns import Campaign, Terms
from ordersaga.domain.gate import Counted, GateKey, GateLimit, Knowledge, Seen
from ordersaga.domain.money import Money
from ordersaga.gateways.gate.gate import Gate, Leased

NOON = datetime(2026, 12, 12, 12, tzinfo=UTC)
UNITS, LIMIT = 6, 3


def campaign(sku: str, code: str = "noon", begin: datetime = NOON, hours: int = 2) -> Campaign:
    return Campaign(
        code=code,
        order_type="flash_sale",
        name="Oolong at noon",
        sku=sku,
        price=Money(29_900, "TWD"),
        starts_at=begin,
        ends_at=begin + timedelta(hours=hours),
        terms=Terms(),
    )


@dataclass
class Shelf:
    """What PostgreSQL would know: free units and who took some, placed orders with what they count for, an event for
    every change.
    """

    free: int = UNITS
    taken: dict[str, int] = field(default_factory=dict)
    counted: dict[str, Counted] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)

    def tell(self, order: Counted) -> None:
        self.counted[order.order_no] = order
        self.events.append(order.order_no)

    def orders(self, seen: Seen | None) -> tuple[Counted, ...]:
        since = seen.position if seen else 0
        return tuple(self.counted[order_no] for order_no in dict.fromkeys(self.events[since:]))


class Refreshing:
    """A refresh that takes a step when it is told to: it begins, takes its snapshot, asks who is leased units and finds
    who had taken theirs, tells the gate.
    """

    def __init__(self, gate: Gate, key: GateKey, shelf: Shelf, at: datetime) -> None:
        self._shelf, self._key = shelf, key
        self._may_go_on, self._has_stopped = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(gate.refresh(key, self._read, at))
        self._task.add_done_callback(lambda _: self._has_stopped.set())

    async def step(self) -> bool:
        """Whether there is another step."""
        self._may_go_on.set()
        await self._has_stopped.wait()
        self._has_stopped.clear()
        if self._task.done():
            self._task.result()
        return not self._task.done()

    async def _stop(self) -> None:
        self._may_go_on.clear()
        self._has_stopped.set()
        await self._may_go_on.wait()

    async def _read(self, seen: Seen | None, leased: Leased) -> Knowledge | None:
        await self._stop()
        position, orders = len(self._shelf.events), self._shelf.orders(seen)
        taken, free = dict(self._shelf.taken), self._shelf.free
        await self._stop()
        held = await leased() if seen else ()
        await self._stop()
        return Knowledge(
            campaign=campaign(self._key.sku),
            limit=GateLimit("some-each", LIMIT),
            free=free,
            taken={order_no: taken[order_no] for order_no in held if order_no in taken},
            orders=orders,
            position=position,
        )
