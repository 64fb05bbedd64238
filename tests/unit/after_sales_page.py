"""Writes the table of `docs/after-sales.md`: every state of a case, every action, and the words of each role.

python -m tests.unit.after_sales_page
"""

from pathlib import Path

from ordersaga.domain.lifecycle.after_sales import MACHINE
from ordersaga.domain.lifecycle.diagram import mermaid
from tests.unit.order_type_page import table, table_rows, word_rows

PAGE = Path(__file__).parents[2] / "docs" / "after-sales.md"
MARK = "<!-- From here on written by `python -m tests.unit.after_sales_page`; a test compares it with the table. -->"


def page() -> str:
    """What people wrote at the beginning, and behind it what the table says now."""
    beginning = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    return "\n".join(
        [
            f"{beginning}{MARK}",
            f"## The table\nVersion {MACHINE.version}.\n\n```mermaid\n{mermaid(MACHINE)}```\n",
            table(("state", "action", "next state", "who", "trigger", "guard"), table_rows(MACHINE)),
            "",
            table(("state", "buyers read", "merchants and warehouses read", "operators read"), word_rows(MACHINE)),
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
