"""What an inspection says of goods that came back, held against what was claimed (R-REV-5)."""

from collections.abc import Sequence
from dataclasses import replace

from ordersaga.domain.after_sales.case import Case, CaseLine, Reason, Restock
from ordersaga.domain.after_sales.details import Inspected
from ordersaga.domain.errors import RuleInvalid


def inspected(case: Case, found: Sequence[Inspected] | None) -> tuple[CaseLine, ...]:
    """The case's lines with what was accepted of each: the first units that it claims. `None` takes everything.

    Raises `RuleInvalid` for a line that is not the case's, for one that is left out, and for more than was claimed.
    """
    if found is None:
        return tuple(replace(line, accepted=line.units, restock=_usual(case)) for line in case.lines)
    claimed = {line.line_no: line for line in case.lines}
    said = {item.line_no: item for item in found}
    for place, item in enumerate(found):
        if item.line_no not in claimed:
            raise RuleInvalid(f"lines.{place}.line_no", "is not claimed by this case")
        if item.accepted > len(claimed[item.line_no].units):
            raise RuleInvalid(f"lines.{place}.accepted", f"at most {len(claimed[item.line_no].units)} are claimed")
    if left_out := sorted(claimed.keys() - said.keys()):
        raise RuleInvalid("lines", f"says nothing of line {', '.join(map(str, left_out))}")
    return tuple(_inspected(line, said[line.line_no]) for line in case.lines)


def is_refusal(lines: Sequence[CaseLine]) -> bool:
    """Whether nothing at all was accepted."""
    return not any(line.accepted for line in lines)


def _inspected(line: CaseLine, said: Inspected) -> CaseLine:
    return replace(line, accepted=line.units[: said.accepted], restock=said.restock if said.accepted else None)


def _usual(case: Case) -> Restock:
    """Where goods go of which an inspection says nothing: what was claimed to be broken is not sold again."""
    return Restock.DEFECTIVE if case.reason is Reason.DEFECTIVE else Restock.SELLABLE
