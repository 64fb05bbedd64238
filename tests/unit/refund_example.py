"""The worked example of docs/after-sales.md: the order of docs/pricing.md goes back, case after case."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ordersaga.domain.after_sales.bought import Departure, UnitKey
from ordersaga.domain.after_sales.breakdown import Breakdown
from tests.bought import AT_FAULT, KEPT, Refunding, bought
from tests.unit.pricing_example import EXAMPLE as ORDER
from tests.unit.pricing_example import Example, Row, drawn, money

TEXT = (Path(__file__).parents[2] / "docs" / "after-sales.md").read_text(encoding="utf-8")
EXAMPLE = TEXT.partition("\n### A worked example\n")[2].partition("\n## ")[0]


@dataclass(frozen=True, slots=True)
class Claim:
    """`goods` are SKUs with the numbers of their units."""

    goods: Sequence[tuple[str, tuple[int, ...]]]
    how: Departure
    why: str


CLAIMS = (
    Claim([("BOOK-ATLAS", (1,))], KEPT, "`changed_mind`"),
    Claim([("TEA-OOLONG", (1,))], AT_FAULT, "`defective`"),
    Claim([("TEA-POT", (1,))], KEPT, "`changed_mind`"),
    Claim([("TEA-OOLONG", (2, 3)), ("BOOK-TIDES", (1, 2)), ("TEA-TASTE", (1,))], KEPT, "`changed_mind`"),
)


class RefundExample:
    """Alice's order, and what each claim gives back."""

    def __init__(self) -> None:
        example = Example(ORDER)
        self.order = Refunding(bought(example.pricing.order, *example.rules))
        self._lines = {line.sku: line for line in self.order.bought.lines}
        self.given: list[Breakdown] = [self.order.give(self._units(claim), claim.how) for claim in CLAIMS]

    def cases(self) -> list[Row]:
        rows: list[Row] = [("case", "goods", "reason", "paid", "withheld", "money", "points")]
        for number, (claim, found) in enumerate(zip(CLAIMS, self.given, strict=True), start=1):
            withheld = sum(item.amount for item in found.withheld)
            sums = (money(found.paid), money(withheld), money(found.money), str(found.points))
            rows.append((str(number), _named(claim), claim.why, *sums))
        paid, withheld = (sum(amounts) for amounts in zip(*map(_sums, self.given), strict=True))
        sums = (money(paid), money(withheld), money(self.order.money), str(self.order.points))
        return [*rows, ("together", "", "", *sums)]

    def reasons(self) -> list[Row]:
        rows: list[Row] = [("case", "reason", "of", "withheld")]
        rows += [
            (str(number), f"`{item.reason}`", f"`{item.code}`" if item.code else "", money(item.amount))
            for number, found in enumerate(self.given, start=1)
            for item in found.withheld
        ]
        return rows

    def _units(self, claim: Claim) -> list[UnitKey]:
        return [(self._lines[sku].line_no, unit) for sku, units in claim.goods for unit in units]


def _sums(found: Breakdown) -> tuple[int, int]:
    return found.paid, sum(item.amount for item in found.withheld)


def _named(claim: Claim) -> str:
    return ", ".join(f"{len(units)} {sku}" for sku, units in claim.goods)


if __name__ == "__main__":
    for rows in (RefundExample().cases(), RefundExample().reasons()):
        print(drawn(rows), end="\n\n")
