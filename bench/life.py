"""What an order costs until it is paid, and from its quote to its completion with one parcel.

**Until paid** is the CPU time of each process for an order of one line that is previewed, placed and paid at the
sandbox's cashier; nothing is taken off for what the processes do anyway. How it would be on the reference machine is
said by a loop of additions before each round.

**Whole** goes on: six reports to the parcel, the buyer's confirmation, the end of the after-sales window. The floor is
a bare run with as many messages, as the histories of an order and its parcel have them: what signals and updates were
taken, whoever sent them, the runs themselves included. On both sides every order is sent a message when all have done
what came of the one before, so that none saves a workflow task by coming together with another.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from temporalio.client import Client

from bench.bare import BareRuns, bare_runs
from bench.bed import Amount, Bed, bed, spent
from bench.figures import Figure, Goal, Result
from bench.lives import Lives, living
from bench.machine import additions_seconds, on_reference
from ordersaga.domain.messages import order_workflow_id, parcel_workflow_id

ABOUT = "what an order costs until it is paid, and until it is completed with one parcel"

_ORDERS, _AT_ONCE, _FIRST = 50, 8, 8
_SECONDS = {"payment_seconds": 600, "confirm_seconds": 600, "after_sales_seconds": 1}
"""The buyer pays and confirms; the window closes as soon as a window can, and that second counts."""
_POLICIES = {"ORDERSAGA_POLICIES": json.dumps({"standard": _SECONDS})}
_CHEAP_ENOUGH = Goal(at_most=90, of_ratio=False)
_FAST_ENOUGH = Goal(at_least=0.5)
_COST = "CPU ms/order"
_FLOORS = {"temporal": "temporal", "worker": "bare"}
"""Process of the stack → the floor's."""

Costs = Mapping[str, float]
"""CPU milliseconds per order, by process."""


@dataclass(frozen=True, slots=True)
class Messages:
    """Of one whole life, by name; one of the updates comes with the start."""

    signals: Counter[str]
    updates: Counter[str]

    def to_document(self) -> dict[str, dict[str, int]]:
        return {"signals": dict(self.signals), "updates": dict(self.updates)}


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
        messages = await _messages(bare.client, lives)
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
            "messages": messages.to_document(),
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


async def _messages(client: Client, lives: Lives) -> Messages:
    """What the run of an order took by its history, and that of its parcel."""
    parcel = (await lives.parcels())[0]
    messages = Messages(Counter(), Counter())
    for run in (order_workflow_id(parcel.order_no), parcel_workflow_id(parcel.parcel_no)):
        async for event in client.get_workflow_handle(run).fetch_history_events():
            if event.HasField("workflow_execution_signaled_event_attributes"):
                messages.signals[event.workflow_execution_signaled_event_attributes.signal_name] += 1
            elif event.HasField("workflow_execution_update_accepted_event_attributes"):
                accepted = event.workflow_execution_update_accepted_event_attributes
                messages.updates[accepted.accepted_request.input.name] += 1
    return messages


async def _floor(bare: BareRuns, messages: Messages, runs: int) -> float:
    """How many seconds so many bare runs took."""
    signals, updates = messages.signals.total(), messages.updates.total()
    return await bare.lives(runs, _AT_ONCE, signals=signals, updates=updates - 1)


def _ours(costs: Costs) -> Costs:
    return {name: milliseconds for name, milliseconds in costs.items() if name != "bare"}


def _until_paid(rounds: Sequence[Round]) -> Iterator[Figure]:
    for name in rounds[0].until_paid:
        yield Figure(name=f"until paid, {name}", unit=_COST, ours=[one.until_paid[name] for one in rounds])
    together = [sum(one.until_paid.values()) for one in rounds]
    yield Figure(name="until paid, together", unit=_COST, ours=together, goal=_CHEAP_ENOUGH)
    yield Figure(
        name="until paid, together, on the reference",
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
        yield Figure(name=f"whole life, {name}", unit=_COST, ours=[one.whole[name] for one in rounds], floor=floor)
    yield Figure(
        name="whole life, together",
        unit=_COST,
        ours=[sum(one.whole.values()) for one in rounds],
        floor=[sum(one.floor.values()) for one in rounds],
    )
