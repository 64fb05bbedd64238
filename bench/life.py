"""What an order costs until it is paid, and from its quote to its completion with one parcel.

**Until paid** is the CPU time of each process for an order of one line that is previewed, placed and paid at the
sandbox's cashier; nothing is taken off for what the processes do anyway. The same figure on the reference machine comes
from a loop of additions before each round.

**Whole** goes on: six reports to the parcel, the buyer's confirmation, the end of the after-sales window. The floor is
a bare run with as many messages, as the histories of an order and its parcel have them: what signals and updates were
taken, whoever sent them. On both sides every order is sent a message when all have done what came of the one before,
so that none saves a workflow task by coming together with another.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.bare import BareRuns, bare_runs
from bench.bed import Amount, Bed, bed, spent
from bench.figures import Figure, Goal, Result
from bench.histories import left_by
from bench.lives import Lives, living
from bench.machine import REFERENCE_SECONDS, additions_seconds, on_reference

ABOUT = "what an order costs until it is paid, and until it is completed with one parcel"

_ORDERS, _AT_ONCE, _FIRST = 60, 8, 8
_SECONDS = {"payment_seconds": 600, "confirm_seconds": 600, "after_sales_seconds": 1}
"""The buyer pays and confirms; the window closes as soon as a window can, and that second counts."""
_POLICIES = {"ORDERSAGA_POLICIES": json.dumps({"standard": _SECONDS})}
_CHEAP_ENOUGH = Goal(at_most=90, of_ratio=False)
_FAST_ENOUGH = Goal(at_least=0.5)
_COST = "ms an order"
_FLOORS = {"temporal": "temporal", "worker": "bare"}
"""Process of the stack → the floor's."""

Costs = Mapping[str, float]
"""CPU milliseconds per order, by process."""


@dataclass(frozen=True, slots=True)
class Messages:
    """Of one whole life; one of the updates comes with the start."""

    signals: int
    updates: int


@dataclass(frozen=True, slots=True)
class Round:
    """`per_second` are lives; `additions` is in seconds."""

    additions: float
    until_paid: Costs
    whole: Costs
    per_second: float
    floor: Costs
    floor_per_second: float


async def measure(amount: Amount) -> Result:
    orders, rounds = amount.of(_ORDERS), list[Round]()
    async with (
        bed(amount, _POLICIES) as stand,
        bare_runs(stand.stack) as bare,
        living(stand.stack, _AT_ONCE) as lives,
    ):
        await lives.whole(_FIRST)  # connections are opened and caches filled
        messages = await _messages(bare, lives)
        await _floor(bare, messages, _FIRST)
        for _ in stand.rounds("life"):
            rounds.append(await _round(stand, bare, lives, messages, orders))
    return Result(
        name="life",
        about=ABOUT,
        figures=[*_until_paid(rounds), *_whole(rounds)],
        beside={
            "orders_per_round": orders,
            "at_once": _AT_ONCE,
            "signals": messages.signals,
            "updates": messages.updates,
            "additions_seconds": [one.additions for one in rounds],
        },
    )


async def _round(stand: Bed, bare: BareRuns, lives: Lives, messages: Messages, orders: int) -> Round:
    additions = additions_seconds()
    began, first = time.perf_counter(), stand.cpu(bare=bare.pid)
    await lives.until_paid(orders)
    paid = stand.cpu(bare=bare.pid)
    await lives.until_completed()
    seconds, completed = time.perf_counter() - began, stand.cpu(bare=bare.pid)
    floor_seconds = await _floor(bare, messages, orders)
    told = stand.cpu(bare=bare.pid)
    return Round(
        additions,
        until_paid=_ours(spent(first, paid, orders)),
        whole=_ours(spent(first, completed, orders)),
        per_second=orders / seconds,
        floor={ours: spent(completed, told, orders)[theirs] for ours, theirs in _FLOORS.items()},
        floor_per_second=orders / floor_seconds,
    )


async def _messages(bare: BareRuns, lives: Lives) -> Messages:
    """As an order's history has them, and its parcel's."""
    events = (await left_by(bare.client, lives.numbers[0])).events
    return Messages(signals=events["WORKFLOW_EXECUTION_SIGNALED"], updates=events["WORKFLOW_EXECUTION_UPDATE_ACCEPTED"])


async def _floor(bare: BareRuns, messages: Messages, runs: int) -> float:
    return await bare.lives(runs, _AT_ONCE, signals=messages.signals, updates=messages.updates - 1)


def _ours(costs: Costs) -> Costs:
    return {name: milliseconds for name, milliseconds in costs.items() if name != "bare"}


def _until_paid(rounds: Sequence[Round]) -> Iterator[Figure]:
    for name in rounds[0].until_paid:
        yield Figure(name=f"until paid, CPU of {name}", unit=_COST, ours=[one.until_paid[name] for one in rounds])
    together = [sum(one.until_paid.values()) for one in rounds]
    yield Figure(name="until paid, CPU together", unit=_COST, ours=together, goal=_CHEAP_ENOUGH)
    yield Figure(
        name=f"the same where 10,000,000 additions take {REFERENCE_SECONDS} s",
        unit=_COST,
        ours=[on_reference(cost, one.additions) for cost, one in zip(together, rounds, strict=True)],
        goal=_CHEAP_ENOUGH,
    )


def _whole(rounds: Sequence[Round]) -> Iterator[Figure]:
    yield Figure(
        name="whole life, completed",
        unit="orders/s",
        ours=[one.per_second for one in rounds],
        floor=[one.floor_per_second for one in rounds],
        goal=_FAST_ENOUGH,
    )
    for name in rounds[0].whole:
        floor = [one.floor[name] for one in rounds] if name in _FLOORS else []
        yield Figure(
            name=f"whole life, CPU of {name}", unit=_COST, ours=[one.whole[name] for one in rounds], floor=floor
        )
    yield Figure(
        name="whole life, CPU together",
        unit=_COST,
        ours=[sum(one.whole.values()) for one in rounds],
        floor=[sum(one.floor.values()) for one in rounds],
    )
