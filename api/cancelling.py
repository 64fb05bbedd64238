"""Cancelling: before payment the order's run decides; after it, cases are opened (R-REV-2, R-REV-3).

There is one for each seller, and one for each warehouse that has begun: it speaks for its own parcels alone.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import acted_by, actor_of
from api.authentication import Caller, Role
from api.cases import begun
from api.commands import command
from api.idempotency import once
from api.problems import not_acceptable, not_found
from api.schemas.claims import wanted_of
from api.schemas.orders import CancelRequest
from api.services import Services
from api.standing import owned
from ordersaga.domain.after_sales.case import Fault, Kind, Reason
from ordersaga.domain.after_sales.units import Unit, choose
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.parcel import BEGUN, ParcelState
from ordersaga.domain.messages import ActedBy
from ordersaga.persistence import orders, transitions
from ordersaga.persistence.case_opening import open_case, units_in
from ordersaga.persistence.orders import Standing

_ASKED = BEGUN | {ParcelState.LABEL_PRINTED}
"""How far parcels have come that a warehouse may be asked to stop."""
_CAUSES = {Role.BUYER: Reason.CHANGED_MIND, Role.MERCHANT: Reason.OUT_OF_STOCK, Role.OPERATOR: Reason.OTHER}


async def cancel(services: Services, caller: Caller, order_no: str, request: CancelRequest, key: str | None) -> None:
    """Cancel the order, or what is asked for of it, and wait for what is decided at once.

    Raises `ActionNotAllowed`, `UnitsNotClaimable`, a 404 for what is not the caller's, 503 when the answer is late.
    """

    async def create(connection: AsyncConnection) -> dict[str, Any]:
        order = await _own(connection, caller, order_no)
        if request.lines is None and not order.machine.allows(
            order.state, Action.REQUEST_CANCELLATION, actor_of(caller)
        ):
            return {"cases": []}
        order.machine.next(order.state, Action.REQUEST_CANCELLATION, actor_of(caller))
        return {"cases": await _open_cases(connection, caller, order_no, request)}

    async with services.database.transaction() as connection:
        body = request.model_dump(mode="json")
        opened = await once(connection, caller, f"cancel:{order_no}", key, body, create)
    if not opened["cases"]:
        await command(services, caller, order_no, Action.CANCEL, key=key, reason=request.reason)
    for case_no in opened["cases"]:
        await begun(services, case_no)


async def _own(connection: AsyncConnection, caller: Caller, order_no: str) -> Standing:
    """The order, locked. A 404 for what is not there, or has no part that is the caller's (P8)."""
    order = await owned(connection, caller, order_no, lock=True)
    if caller.role is Role.MERCHANT:
        lines = (await orders.lines_of(connection, [order_no]))[order_no]
        if not any(line.merchant_id == caller.merchant_id for line in lines):
            raise not_found()
    return order


async def _open_cases(
    connection: AsyncConnection, caller: Caller, order_no: str, request: CancelRequest
) -> Sequence[str]:
    """For the units that have not left, or those that are asked for."""
    reason, fault = _why(caller, request)
    at, by = datetime.now(UTC), await _author(connection, caller, order_no, request.reason)
    units = [unit for unit in await units_in(connection, order_no) if _is_for(caller, unit)]
    opened = []
    for part in _parts(units, wanted_of(request.lines) if request.lines else _all(units)):
        case = await open_case(
            connection,
            order_no,
            kind=Kind.CANCELLATION,
            wanted=part.wanted,
            parcel_nos=part.parcel_nos,
            reason=reason,
            by=by,
            at=at,
            fault=fault,
        )
        opened.append(case.case_no)
    return opened


def _why(caller: Caller, request: CancelRequest) -> tuple[Reason, Fault | None]:
    """The stable word for it, and whose fault it is where that does not follow from the word."""
    if caller.role is not Role.OPERATOR:
        if request.cause is not None:
            raise not_acceptable("cause", "role", "only operators name the cause")
        return _CAUSES[caller.role], None
    if not request.reason:
        raise not_acceptable("reason", "role", "an operator says why")
    if request.cause is None:
        return _CAUSES[caller.role], Fault.SELLER
    return Reason(request.cause), None


async def _author(connection: AsyncConnection, caller: Caller, order_no: str, reason: str) -> ActedBy:
    if not reason:
        return acted_by(caller)
    note = await transitions.add_note(connection, order_no, reason, datetime.now(UTC))
    return replace(acted_by(caller), note=note)


def _is_for(caller: Caller, unit: Unit) -> bool:
    return caller.role is not Role.MERCHANT or unit.merchant_id == caller.merchant_id


def _all(units: Sequence[Unit]) -> Mapping[int, int]:
    """Line number → how many units of it can still be stopped."""
    return Counter(unit.line_no for unit in units if unit.is_open_to(Kind.CANCELLATION))


@dataclass(frozen=True, slots=True)
class _Part:
    """What one case is about: line number → quantity, in these parcels if the order is split."""

    wanted: Mapping[int, int]
    parcel_nos: frozenset[str] | None


def _parts(units: Sequence[Unit], wanted: Mapping[int, int]) -> Sequence[_Part]:
    """What is wanted, split by whose it is and by who is asked to stop it. Raises `UnitsNotClaimable`, also for lines
    that are not the caller's.
    """
    chosen = choose(units, Kind.CANCELLATION, wanted)
    found: defaultdict[tuple[str, str], list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.unit_no in chosen.get(unit.line_no, ()):
            asked = unit.warehouse_id if unit.parcel_state in _ASKED else None
            found[unit.merchant_id, asked or ""].append(unit)
    return [_part(found[key]) for key in sorted(found)] or [_Part({}, None)]


def _part(units: Sequence[Unit]) -> _Part:
    parcel_nos = frozenset(unit.parcel_no for unit in units if unit.parcel_no is not None)
    return _Part(Counter(unit.line_no for unit in units), parcel_nos or None)
