"""What of an order is to be paid when: its instalments, and where each of them stands (R-TYPE-3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ordersaga.domain.campaigns import Terms, Window
from ordersaga.domain.lifecycle.table import Machine
from ordersaga.domain.payment import CONFIRMED_BY, Instalment, Payment, PaymentState, awaited


class Standing(StrEnum):
    """`UPCOMING` cannot be paid yet, `VOID` not any more."""

    PAID = "paid"
    DUE = "due"
    UPCOMING = "upcoming"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An instalment of `amount` minor units. Times are `None` where nothing is said of them, or no longer matters."""

    instalment: Instalment
    amount: int
    state: Standing
    opens_at: datetime | None
    due_at: datetime | None
    paid_at: datetime | None


def instalments_of(machine: Machine) -> tuple[Instalment, ...]:
    """The instalments that a table takes money for, the first one first."""
    actions = {row.action for row in machine.rows}
    return tuple(instalment for instalment, action in CONFIRMED_BY.items() if action in actions)


def plan(
    machine: Machine,
    state: str,
    payments: Iterable[Payment],
    *,
    payable: int,
    due_now: int,
    due_at: datetime,
    terms: Terms | None,
) -> tuple[Part, ...]:
    """The instalments of an order in `state`, of which the awaited one is due at `due_at`. One of nothing is none."""
    paid = {payment.instalment: payment for payment in payments if payment.state is PaymentState.SUCCEEDED}
    parts = []
    for instalment in instalments_of(machine):
        amount = instalment.amount(payable, due_now)
        if amount == 0:
            continue
        window = terms.window(instalment) if terms else Window()
        standing = Standing.PAID if instalment in paid else _standing(machine, state, instalment)
        ends = {Standing.DUE: due_at, Standing.UPCOMING: window.closes_at}
        parts.append(
            Part(
                instalment=instalment,
                amount=amount,
                state=standing,
                opens_at=window.opens_at,
                due_at=ends.get(standing),
                paid_at=paid[instalment].paid_at if instalment in paid else None,
            )
        )
    return tuple(parts)


def _standing(machine: Machine, state: str, instalment: Instalment) -> Standing:
    if awaited(machine, state) is instalment:
        return Standing.DUE
    ahead = {row.action for row in machine.rows if row.current in machine.reachable(state)}
    return Standing.UPCOMING if CONFIRMED_BY[instalment] in ahead else Standing.VOID
