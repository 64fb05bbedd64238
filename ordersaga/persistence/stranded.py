"""Goods that were paid for and come to nobody: written off, not sent again, and claimed by no case (W3)."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.after_sales.case import Reason
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.persistence import parcels
from ordersaga.persistence.case_opening import units_in

_REASONS = {ParcelState.LOST: Reason.PARCEL_LOST, ParcelState.REFUSED: Reason.PARCEL_REFUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class StrandedClaim:
    """What one case would be about: `wanted` units by line, all of one seller and in these parcels."""

    wanted: Mapping[int, int]
    parcel_nos: frozenset[str]
    reason: Reason


async def claims(connection: AsyncConnection, order_no: str) -> Sequence[StrandedClaim]:
    """The claims that the shop owes an order; the caller holds its lock."""
    wanted: defaultdict[tuple[str, Reason], Counter[int]] = defaultdict(Counter)
    places: defaultdict[tuple[str, Reason], set[str]] = defaultdict(set)
    fates: Mapping[str, ParcelState] | None = None
    for unit in await units_in(connection, order_no):
        if unit.parcel_no is None or unit.claim is not None or unit.parcel_state is not ParcelState.WRITTEN_OFF:
            continue
        if fates is None:
            fates = await parcels.written_off(connection, order_no)
        key = unit.merchant_id, _REASONS[fates[unit.parcel_no]]
        wanted[key][unit.line_no] += 1
        places[key].add(unit.parcel_no)
    return [
        StrandedClaim(wanted=dict(wanted[key]), parcel_nos=frozenset(places[key]), reason=key[1])
        for key in sorted(wanted)
    ]
