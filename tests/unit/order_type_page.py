"""Writes the tables of `docs/order-types.md`: every order type with its diagram, its table, and the words of each role.

python -m tests.unit.order_type_page
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path

from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.lifecycle.diagram import mermaid
from ordersaga.domain.lifecycle.registry import ORDER_TYPES, OrderType
from ordersaga.domain.lifecycle.table import Machine, Word
from ordersaga.domain.policies import DEMO, PRODUCTION

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "order-types.md"

MARK = "<!-- From here on written by `python -m tests.unit.order_type_page`; a test compares it with the tables. -->"


def page() -> str:
    """What people wrote at the beginning, and behind it what the tables say now."""
    beginning = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    return "\n".join([f"{beginning}{MARK}", *(section(kind) for kind in ORDER_TYPES.values())])


def section(kind: OrderType) -> str:
    """A type: what is different, its diagram, its table, its words."""
    machine = kind.machine
    return "\n".join(
        [
            f"## {kind.label.english} · {kind.label.chinese}",
            f"`{kind.name}`, version {machine.version}. {kind.about}{_more(kind)}\n",
            *_facts(kind),
            f"\n```mermaid\n{mermaid(machine)}```\n",
            table(("state", "action", "next state", "who", "trigger", "guard"), table_rows(machine)),
            "",
            table(("state", "buyers read", "merchants and warehouses read", "operators read"), word_rows(machine)),
            "",
        ]
    )


def _more(kind: OrderType) -> str:
    name = {"standard": "stock"}.get(kind.name, kind.name.replace("_", "-"))
    return f" More in [{name}.md]({name}.md)." if (DOCS / f"{name}.md").exists() else ""


def _facts(kind: OrderType) -> Iterator[str]:
    yield f"- **stock**: {_stock(kind)}"
    if kind.terms is not None:
        names = ", ".join(f"`{field.name}`" for field in fields(kind.terms)) or "none of its own"
        yield f"- **sold under a campaign**, whose terms are: {names}"
    for name, value in sorted(kind.policies.get("production", {}).items()):
        shown = f"{value} s where other types have {getattr(PRODUCTION, name)} s"
        demo = kind.policies.get("demo", {}).get(name, getattr(DEMO, name))
        yield f"- **`{name}`**: {shown} ({demo} s in the demo)"


def _stock(kind: OrderType) -> str:
    if not kind.deducts_at_payment:
        return f"always `{StockPolicy.DEDUCT_AT_SUBMIT}`"
    return f"`{kind.stock_policy}`, unless its campaign says otherwise" if kind.stock_policy else "by its goods' policy"


def table_rows(machine: Machine) -> Iterator[Sequence[str]]:
    for row in machine.rows:
        reached = "stays" if row.next == row.current else f"`{row.next}`"
        guard = f"`{row.guard}`" if row.guard else ""
        yield f"`{row.current}`", f"`{row.action}`", reached, ", ".join(sorted(row.by)), row.trigger, guard


def word_rows(machine: Machine) -> Iterator[Sequence[str]]:
    for state in machine.states:
        statuses = machine.statuses[state]
        end = " (end)" if state in machine.final else ""
        yield f"`{state}`{end}", *(_word(word) for word in (statuses.buyer, statuses.merchant, statuses.operator))


def _word(word: Word) -> str:
    return f"{word.english} · {word.chinese}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
