"""What a replay shows: progress while it runs, then tables."""

from collections.abc import Callable, Sequence
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from cli.marketplace.outcome import Outcome
from cli.marketplace.reading import Marketplace
from cli.marketplace.replay import Replay
from ordersaga.domain.money import Money


class ProgressWatcher:
    """Two bars: orders placed, and orders at their end. `order_nos` are those placed so far."""

    def __init__(self, console: Console, orders: int) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description:<24}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console)
        self._placed = self._progress.add_task("placed and paid", total=orders)
        self._ended = self._progress.add_task("at their end", total=orders)
        self._failed = 0
        self.order_nos: set[str] = set()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def loading(self, skus: int) -> None:
        self._progress.console.print(f"The catalogue: {skus} SKUs.")

    def placed(self, order_no: str) -> None:
        self.order_nos.add(order_no)
        self._progress.advance(self._placed)

    def ended(self, outcome: Outcome) -> None:
        self._progress.advance(self._ended)
        if outcome.failure is not None:
            self._failed += 1
            self._progress.update(self._ended, description=f"at their end, {self._failed} failed")


def show_malformed(console: Console, read: Marketplace) -> None:
    """Every row that cannot be used, and every order that is left out for it, a line each."""
    for bad in read.malformed:
        console.print(Text.assemble(("malformed  ", "yellow"), str(bad)), soft_wrap=True)
    for left in read.left_out:
        console.print(
            Text.assemble(("left out   ", "yellow"), f"order {left.order_id}, for {left.reason}"), soft_wrap=True
        )


def show_replay(console: Console, played: Replay, read: Marketplace) -> None:
    """The final table, then each failure by order and what does not add up in the stock ledger, a line each."""
    console.print(_summary(played, read))
    for bad in played.failures:
        order = f"order {bad.order.order_id} ({bad.order_no or 'not placed'})"
        console.print(Text.assemble(("failed  ", "red"), f"{order}: {bad.failure}"), soft_wrap=True)
    for line in played.stock:
        console.print(Text.assemble(("stock   ", "red"), line), soft_wrap=True)


def _summary(played: Replay, read: Marketplace) -> Table:
    outcomes = played.outcomes
    placed = [outcome for outcome in outcomes if outcome.order_no is not None]
    table = Table("", "result", "the data", "", title="Replay", title_justify="left")
    for column in table.columns[1:3]:
        column.justify = "right"
    _compare(table, "orders placed", len(placed), len(outcomes))
    for name, cancelled in (("completed", False), ("cancelled", True)):
        wanted = sum(1 for outcome in outcomes if outcome.order.cancelled is cancelled)
        _compare(table, name, sum(1 for outcome in outcomes if outcome.status == name), wanted)
    table.add_row("parcels", str(sum(outcome.parcels for outcome in outcomes)))
    for currency in sorted({outcome.order.currency for outcome in outcomes}):
        of_it = [outcome for outcome in outcomes if outcome.order.currency == currency]
        _compare_money(table, "ordered", of_it, currency, lambda outcome: outcome.payable, _payable)
        _compare_money(table, "charged", of_it, currency, lambda outcome: outcome.charged, _to_charge)
    ledger = "adds up" if not played.stock else f"{len(played.stock)} wrong"
    table.add_row("stock ledger", ledger, "", _mark(not played.stock))
    table.add_row("orders per second", _rate(len(placed), played.placing_seconds), "placed and paid")
    table.add_row("", _rate(len(placed), played.total_seconds), "to their end")
    if read.malformed:
        table.add_row("malformed rows", str(len(read.malformed)), "", Text("!", style="yellow"))
        table.add_row("orders left out for them", str(len(read.left_out)), "", Text("!", style="yellow"))
    table.add_row("failed", str(len(played.failures)), "0", _mark(not played.failures))
    return table


def _compare(table: Table, name: str, found: object, wanted: object) -> None:
    table.add_row(name, str(found), str(wanted), _mark(found == wanted))


def _compare_money(
    table: Table,
    name: str,
    outcomes: Sequence[Outcome],
    currency: str,
    found: Callable[[Outcome], Money | None],
    wanted: Callable[[Outcome], Money],
) -> None:
    zero = Money.zero(currency)
    _compare(
        table,
        name,
        sum((found(outcome) or zero for outcome in outcomes), start=zero),
        sum((wanted(outcome) for outcome in outcomes), start=zero),
    )


def _payable(outcome: Outcome) -> Money:
    return outcome.order.payable


def _to_charge(outcome: Outcome) -> Money:
    return Money.zero(outcome.order.currency) if outcome.order.cancelled else outcome.order.payable


def _rate(count: int, seconds: float) -> str:
    return f"{count / seconds:.1f}" if seconds > 0 else "–"


def _mark(good: bool) -> Text:
    return Text("✓", style="green") if good else Text("✗", style="bold red")
