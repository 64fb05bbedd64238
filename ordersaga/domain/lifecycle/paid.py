"""What a table says of money: in which states an instalment must have been paid, and in which it may have been."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ordersaga.domain.lifecycle.table import Machine
from ordersaga.domain.payment import CONFIRMED_BY, Instalment


@dataclass(frozen=True, slots=True)
class PaidState:
    """A state in which `instalment` may have been paid; `surely`: there is no other way into it."""

    state: str
    instalment: Instalment
    surely: bool


def paid_states(machine: Machine) -> Iterator[PaidState]:
    """Every such state of the table, by instalment."""
    for instalment, action in CONFIRMED_BY.items():
        confirmed = [row.next for row in machine.rows if row.action == action]
        unpaid = replace(machine, rows=tuple(row for row in machine.rows if row.action != action)).reachable()
        for state in sorted(frozenset[str]().union(*(machine.reachable(state) for state in confirmed))):
            yield PaidState(state, instalment, surely=state not in unpaid)
