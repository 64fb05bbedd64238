"""What one order costs, and the table that shows it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from rich.console import Console
from rich.table import Table

from bench.counters import Counted, TableSize
from bench.histories import Left


@dataclass(frozen=True, slots=True, kw_only=True)
class TableGrowth:
    """Per order."""

    rows: float
    heap: float
    indexes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Of one order with one parcel; `idle` is what a second costs without any."""

    idle: Counted
    until_paid: Counted
    until_completed: Counted
    events: Mapping[str, float]
    history_bytes: float
    actions: float
    tables: Mapping[str, TableGrowth]

    @classmethod
    def of(
        cls,
        orders: int,
        idle: Counted,
        until_paid: Counted,
        until_completed: Counted,
        left: Sequence[Left],
        *,
        before: Mapping[str, TableSize],
        after: Mapping[str, TableSize],
    ) -> Self:
        events: Counter[str] = sum((one.events for one in left), Counter())
        return cls(
            idle=idle,
            until_paid=until_paid,
            until_completed=until_completed,
            events={name: seen / orders for name, seen in events.most_common()},
            history_bytes=sum(one.bytes for one in left) / orders,
            actions=sum(one.actions for one in left) / orders,
            tables={
                name: TableGrowth(
                    rows=(size.rows - before[name].rows) / orders,
                    heap=(size.heap - before[name].heap) / orders,
                    indexes=(size.indexes - before[name].indexes) / orders,
                )
                for name, size in sorted(after.items())
            },
        )

    def to_document(self) -> dict[str, Any]:
        return asdict(self)


def show(costs: Costs) -> None:
    console = Console(highlight=False)
    columns = {"until paid": costs.until_paid, "until completed": costs.until_completed, "a second idle": costs.idle}
    table = Table("per order", *columns, title="from preview to paid, and on to completed")
    figures: tuple[tuple[str, Callable[[Counted], float]], ...] = (
        ("SQL statements", lambda counted: counted.questions),
        ("SQL transactions", lambda counted: counted.transactions),
        ("WAL, bytes", lambda counted: counted.wal),
        ("Valkey commands", lambda counted: sum(counted.commands.values())),
        ("Temporal actions by the server's count", lambda counted: sum(counted.actions.values())),
    )
    for name, figure in figures:
        table.add_row(name, *(f"{figure(counted):.1f}" for counted in columns.values()))
    for part in costs.idle.cpu:
        table.add_row(f"CPU ms, {part}", *(f"{1000 * counted.cpu[part]:.1f}" for counted in columns.values()))
    console.print(table)

    grown = Table("table", "rows", "bytes", "index bytes", title="what an order leaves in PostgreSQL")
    for name, growth in costs.tables.items():
        if growth.rows > 0:
            grown.add_row(name, f"{growth.rows:.2f}", f"{growth.heap:.0f}", f"{growth.indexes:.0f}")
    total = [sum(getattr(growth, part) for growth in costs.tables.values()) for part in ("rows", "heap", "indexes")]
    grown.add_row("together", *(f"{value:.0f}" for value in total))
    console.print(grown)

    events = Table("event", "per order", title="what it leaves in Temporal, its parcel's run included")
    for event, seen in costs.events.items():
        events.add_row(event.lower(), f"{seen:.2f}")
    events.add_row("together", f"{sum(costs.events.values()):.1f}")
    events.add_row("bytes of history", f"{costs.history_bytes:.0f}")
    events.add_row("billed actions, by Temporal's rules", f"{costs.actions:.1f}")
    console.print(events)
