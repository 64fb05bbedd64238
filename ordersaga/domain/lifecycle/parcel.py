"""A parcel's way from the warehouse to the door (R-FUL-1).

Reports come late, twice and out of order. A parcel only moves forward: a report of a later stage is believed and
implies the stages before it; a report of a stage that has passed changes nothing. A lost or refused parcel can be
found (delivered) or sent on (handed over); or it is given up, and its goods are sent in another, or their money back.
"""

from enum import StrEnum


class ParcelState(StrEnum):
    CREATED = "created"
    LABEL_PRINTED = "label_printed"
    PICKED = "picked"
    PACKED = "packed"
    HANDED_OVER = "handed_over"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    LOST = "lost"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    WRITTEN_OFF = "written_off"


class Resolution(StrEnum):
    """What becomes of the goods of a parcel that was lost or refused: others are sent, or the money goes back."""

    RESHIP = "reship"
    REFUND = "refund"


_PROGRESS = (
    ParcelState.CREATED,
    ParcelState.LABEL_PRINTED,
    ParcelState.PICKED,
    ParcelState.PACKED,
    ParcelState.HANDED_OVER,
    ParcelState.IN_TRANSIT,
    ParcelState.DELIVERED,
)
# Ends that nobody reports: stopped before it left, or lost or refused and dealt with.
GIVEN_UP = frozenset({ParcelState.CANCELLED, ParcelState.WRITTEN_OFF})
EVENTS = tuple(state for state in ParcelState if state is not ParcelState.CREATED and state not in GIVEN_UP)
ENDS = GIVEN_UP | {ParcelState.DELIVERED}
_SHIPPED = frozenset(ParcelState) - {
    ParcelState.CREATED,
    ParcelState.LABEL_PRINTED,
    ParcelState.PICKED,
    ParcelState.PACKED,
    ParcelState.CANCELLED,
}
BEGUN = frozenset({ParcelState.PICKED, ParcelState.PACKED})
"""The warehouse has the goods in hand, and keeps them back only if it agrees to."""
ASTRAY = frozenset({ParcelState.LOST, ParcelState.REFUSED})
OPEN = frozenset(ParcelState) - ENDS


def order_no_of(parcel_no: str) -> str:
    """The number of the order whose parcel it is: parcels are numbered `<order_no>-<sequence>`."""
    return parcel_no.rpartition("-")[0]


def advance(current: ParcelState, event: ParcelState) -> ParcelState | None:
    """The state after `event`, or `None` when the report comes too late to matter."""
    if current in ENDS or event is current:
        return None
    if current in ASTRAY:
        return event if event in (ParcelState.HANDED_OVER, ParcelState.IN_TRANSIT, ParcelState.DELIVERED) else None
    if event in ASTRAY:
        return event if is_shipped(current) else None
    return event if _PROGRESS.index(event) > _PROGRESS.index(current) else None


def is_labelled(state: ParcelState) -> bool:
    """Whether an address stands on it: from the first printed label on, none can be changed any more (R-REV-1)."""
    return state not in (ParcelState.CREATED, ParcelState.CANCELLED)


def is_shipped(state: ParcelState) -> bool:
    """Whether the carrier has, or had, the goods."""
    return state in _SHIPPED
