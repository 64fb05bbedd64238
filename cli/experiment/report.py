"""What an experiment shows: progress while it runs, then what broke, what became of the orders, and the verdict."""

from collections import Counter
from collections.abc import Mapping
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from cli.experiment.conduct import Outcome, Phase
from cli.experiment.faults import PARTS, Kind
from cli.experiment.goods import CURRENCY
from cli.experiment.plan import Plan
from cli.experiment.promises import PROMISES
from cli.experiment.watch import FINAL
from ordersaga.domain.money import Money


class ProgressWatcher:
    """One bar of orders at their end among those placed; phases and, on a terminal, the newest deed beside it."""

    def __init__(self, console: Console) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f} of {task.total:.0f} orders at their end"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[deed]}", style="red"),
        )
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._bar = self._progress.add_task("begins", total=0, deed="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def phase(self, phase: Phase) -> None:
        self._progress.update(self._bar, description=phase, deed="")
        if self._progress.disable:
            self._progress.console.print(phase.capitalize())

    def deed(self, deed: str) -> None:
        self._progress.update(self._bar, deed=deed)

    def orders(self, states: Mapping[str, str]) -> None:
        ended = sum(state in FINAL for state in states.values())
        self._progress.update(self._bar, completed=ended, total=len(states))


def show_plan(console: Console, plan: Plan) -> None:
    console.print(
        f"Seed {plan.seed}: {len(plan.wishes)} customers and {len(plan.faults)} faults in {plan.seconds:.0f} s."
    )


def show_outcome(console: Console, outcome: Outcome) -> None:
    console.print(_faults(outcome), _orders(outcome), _answers(outcome), sep="\n")
    for broken in outcome.broken:
        line = Text.assemble(("broken  ", "bold red"), (broken.promise, "red"), f"  {broken.subject}: {broken.found}")
        console.print(line, soft_wrap=True)
    kept = len(PROMISES) - len({broken.promise for broken in outcome.broken})
    style = "bold green" if outcome.good else "bold red"
    console.print(Text(f"Seed {outcome.plan.seed}: {kept} of {len(PROMISES)} promises were kept.", style=style))


def _faults(outcome: Outcome) -> Table:
    table = Table("part", *Kind, "died by itself", title="What broke", title_justify="left")
    for part in PARTS:
        struck = (str(outcome.struck[part, kind]) for kind in Kind)
        table.add_row(part, *struck, str(outcome.died[part]))
    return table


def _orders(outcome: Outcome) -> Table:
    """Orders and money by outcome; what came in and went back is the provider's word."""
    books = outcome.books
    paid: Counter[str] = Counter()
    refunded: Counter[str] = Counter()
    for row in books.provider:
        paid[row.order_no] += row.paid
        refunded[row.order_no] += row.refunded
    table = Table("state", "orders", "to pay", "came in", "went back", title="Orders", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for state, count in Counter(order.state for order in books.orders).most_common():
        of_it = [order for order in books.orders if order.state == state]
        sums = (
            sum(order.payable for order in of_it),
            sum(paid[order.order_no] for order in of_it),
            sum(refunded[order.order_no] for order in of_it),
        )
        table.add_row(state, str(count), *(str(Money(amount, CURRENCY)) for amount in sums))
    return table


def _answers(outcome: Outcome) -> Table:
    table = Table("refused with", "times", title="Refusals", title_justify="left")
    for code, count in outcome.journal.refusals.most_common():
        table.add_row(code, str(count))
    return table
