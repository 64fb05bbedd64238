"""A sale behind its gate: buyers enter, are placed or refused, and refreshes run between whatever two steps.

The gate is the real one in Valkey. The database is a model of what PostgreSQL would do, so that every interleaving can
be tried.
"""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from redis.asyncio import Redis

from ordersaga.domain.gate import Answer, Counted, Entrant, GateKey, Outcome
from ordersaga.gateways.gate.gate import Gate
from tests.integration.gate_refresh import LIMIT, NOON, Refreshing, Shelf

LEASE = timedelta(seconds=60)

some = st.integers(min_value=0, max_value=99)


class Sale(RuleBasedStateMachine):
    """Everything goes as it should, in any order: API processes may die, but no lease runs out and nothing is lost."""

    runner: ClassVar[asyncio.Runner]
    redis: ClassVar[Redis]

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.key = Gate(self.redis), GateKey("flash_sale", "model")
        self.shelf, self.now = Shelf(), NOON
        self.orders: dict[str, Counted] = {}
        self.stage: dict[str, str] = {}
        self.refreshes: list[Refreshing] = []
        self.wait(self.redis.delete(*self.keys))
        self.refresh()

    @property
    def keys(self) -> list[str]:
        name = f"gate:{{{self.key.order_type}:{self.key.sku}}}"
        return [name, f"{name}:leases", f"{name}:building"]

    def wait(self, coroutine: Any) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(10):
                return await coroutine

        return self.runner.run(bounded())

    def teardown(self) -> None:
        while self.refreshes:
            self.refresh_on(0)
        self.heals()

    def chosen(self, number: int, *stages: str) -> Counted | None:
        found = [order for order_no, order in self.orders.items() if self.stage[order_no] in stages]
        return found[number % len(found)] if found else None

    def entrant(self, order: Counted) -> Entrant:
        return Entrant(account=order.account, units=order.units, order_no=order.order_no, campaign="noon")

    def refresh(self) -> None:
        async def whole() -> None:
            refreshing = Refreshing(self.gate, self.key, self.shelf, self.now)
            while await refreshing.step():
                pass

        self.wait(whole())

    @rule(account=st.sampled_from("abc"), units=st.integers(min_value=1, max_value=2))
    def enter(self, account: str, units: int) -> None:
        order = Counted(f"n{len(self.orders)}", account, units)
        answer: Answer = self.wait(self.gate.enter(self.key, self.entrant(order), self.now, LEASE))
        self.orders[order.order_no] = order
        self.stage[order.order_no] = "entered" if answer.outcome is Outcome.ADMITTED else "kept out"
        if answer.outcome is Outcome.ADMITTED:
            self.is_within_the_limit(account)

    def is_within_the_limit(self, account: str) -> None:
        assert self.under_way(account) + self.placed()[account] <= LIMIT

    def under_way(self, account: str) -> int:
        ways = ("entered", "held")
        return sum(
            order.units for no, order in self.orders.items() if order.account == account and self.stage[no] in ways
        )

    def placed(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for order in self.shelf.counted.values():
            found[order.account] += order.units
        return found

    @rule(number=some)
    def enter_again(self, number: int) -> None:
        if order := self.chosen(number, "entered", "held", "confirmed", "ended"):
            answer = self.wait(self.gate.enter(self.key, self.entrant(order), self.now, LEASE))
            assert answer.outcome is Outcome.KNOWN

    @rule(number=some)
    def take_units(self, number: int) -> None:
        order = self.chosen(number, "entered")
        if order is None:
            return
        if order.units > self.shelf.free:
            self.is_refused_by_the_database(order)
        else:
            self.shelf.free -= order.units
            self.shelf.taken[order.order_no] = order.units
            self.stage[order.order_no] = "held"

    def is_refused_by_the_database(self, order: Counted) -> None:
        raise AssertionError(f"the gate let {order} pass, and there are {self.shelf.free} units")

    @rule(number=some)
    def place(self, number: int) -> None:
        if order := self.chosen(number, "held"):
            self.shelf.tell(order)
            self.stage[order.order_no] = "placed"

    @rule(number=some)
    def confirm(self, number: int) -> None:
        if order := self.chosen(number, "placed", "confirmed"):
            self.wait(self.gate.confirm(self.key, self.entrant(order)))
            self.stage[order.order_no] = "confirmed"

    @rule(number=some)
    def refuse(self, number: int) -> None:
        """Something else was wrong with the order: a coupon, the price."""
        if order := self.chosen(number, "entered", "held"):
            self.shelf.free += order.units if self.stage[order.order_no] == "held" else 0
            self.stage[order.order_no] = "refused"
            self.wait(self.gate.release(self.key, order.order_no))

    @rule(number=some)
    def cancel(self, number: int) -> None:
        if order := self.chosen(number, "placed", "confirmed"):
            self.shelf.free += order.units
            self.shelf.tell(Counted(order.order_no, order.account, 0))
            self.stage[order.order_no] = "ended" if self.stage[order.order_no] == "confirmed" else "ended unconfirmed"

    @rule(units=st.integers(min_value=1, max_value=2))
    def restock(self, units: int) -> None:
        self.shelf.free += units

    @precondition(lambda self: len(self.refreshes) < 2)
    @rule()
    def begin_refresh(self) -> None:
        async def begun() -> Refreshing:
            refreshing = Refreshing(self.gate, self.key, self.shelf, self.now)
            assert await refreshing.step()
            return refreshing

        self.refreshes.append(self.wait(begun()))

    @precondition(lambda self: self.refreshes)
    @rule(number=some)
    def refresh_on(self, number: int) -> None:
        refreshing = self.refreshes[number % len(self.refreshes)]
        if not self.wait(refreshing.step()):
            self.refreshes.remove(refreshing)

    @invariant()
    def tokens_are_backed_by_units(self) -> None:
        assert self.tokens() <= self.shelf.free - self.wanted()

    @precondition(lambda self: not self.refreshes)
    @rule()
    def a_refresh_that_nobody_interrupts_is_exact(self) -> None:
        self.refresh()
        assert self.tokens() == self.shelf.free - self.wanted()

    def wanted(self) -> int:
        """Units of those who entered and did not take them yet."""
        return sum(self.orders[no].units for no, stage in self.stage.items() if stage == "entered")

    def tokens(self) -> int:
        free, leased = self.wait(self.redis.hmget(self.keys[0], "free", "leased"))
        return int(free) - int(leased)

    def heals(self) -> None:
        """Once everybody under way has come to an end, the next refresh makes the gate what the database is."""
        for order_no, order in self.orders.items():
            if self.stage[order_no] == "entered":
                self.wait(self.gate.release(self.key, order_no))
            elif self.stage[order_no] == "held":
                self.shelf.tell(order)
                self.wait(self.gate.confirm(self.key, self.entrant(order)))
        self.refresh()
        assert self.tokens() == self.shelf.free
        found = self.wait(self.redis.hgetall(self.keys[0]))
        used = sorted(int(value) for name, value in found.items() if name.startswith(b"u:"))
        assert used == sorted(units for units in self.placed().values() if units)


class TroubledSale(Sale):
    """Leases run out, Redis is emptied, units are sold elsewhere: the database refuses some, and everything heals."""

    @rule(seconds=st.integers(min_value=1, max_value=90))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def is_emptied(self) -> None:
        self.wait(self.redis.delete(*self.keys))
        self.refresh()

    @rule(units=st.integers(min_value=1, max_value=3))
    def sells_elsewhere(self, units: int) -> None:
        self.shelf.free -= min(units, self.shelf.free)

    def is_refused_by_the_database(self, order: Counted) -> None:
        self.stage[order.order_no] = "refused"
        self.wait(self.gate.release(self.key, order.order_no, returning=False))

    def is_within_the_limit(self, account: str) -> None:
        """What was lost is not counted."""

    def enter_again(self, number: int) -> None:
        """What was lost is not known."""

    def tokens_are_backed_by_units(self) -> None:
        """Not always, here."""

    def a_refresh_that_nobody_interrupts_is_exact(self) -> None:
        """Not for those who entered without the gate's knowledge."""

    def heals(self) -> None:
        super().heals()
        assert self.shelf.free >= 0
