"""What an order costs until one of its stages, per order, and the tables that show it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.counters import Counted, TableSize
from bench.histories import Left

_SELDOM = 0.05
"""What is asked less often than this for an order was asked for something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Since the preview. `counted` is per order; `left` is of all `orders` together."""

    orders: int
    counted: Counted
    left: Left

    def to_document(self) -> dict[str, Any]:
        return {
            **{name: count(self) for name, count in COUNTS.items()},
            "wal_bytes": self.counted.wal,
            "history_bytes": self.left.bytes / self.orders,
            "events": {name.lower(): seen / self.orders for name, seen in self.left.events.most_common()},
            "sql": _often(self.counted.statements),
            "valkey": _often(self.counted.commands),
        }


COUNTS: Mapping[str, Callable[[Cost], float]] = {
    "history events": lambda cost: sum(cost.left.events.values()) / cost.orders,
    "workflow tasks": lambda cost: cost.left.tasks / cost.orders,
    "Temporal actions": lambda cost: cost.left.actions / cost.orders,
    "SQL statements": lambda cost: cost.counted.questions,
    "SQL transactions": lambda cost: cost.counted.transactions,
    "Valkey commands": lambda cost: sum(cost.counted.commands.values()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeCosts:
    """Of one order type, by stage. `billed` are actions by the server's own count; `grown` is what PostgreSQL keeps."""

    stages: Mapping[str, Cost]
    billed: float
    grown: Mapping[str, TableSize] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        orders = next(iter(self.stages.values())).orders
        return {
            **{stage: cost.to_document() for stage, cost in self.stages.items()},
            "actions_by_the_server": self.billed,
            **({"tables": {name: size.per(orders) for name, size in self.grown.items()}} if self.grown else {}),
        }


def show(costs: Mapping[str, TypeCosts]) -> None:
    table = Table("per order", "until", *COUNTS)
    for column in table.columns[2:]:
        column.justify = "right"
    for order_type, of_type in costs.items():
        for stage, cost in of_type.stages.items():
            table.add_row(order_type, stage, *(f"{count(cost):.1f}" for count in COUNTS.values()))
        table.add_section()
    Console(highlight=False).print(table)


def _often(asked: Mapping[str, float]) -> dict[str, float]:
    """The most frequent first."""
    found = sorted(asked.items(), key=lambda item: -item[1])
    return {what: round(times, 2) for what, times in found if times >= _SELDOM}
