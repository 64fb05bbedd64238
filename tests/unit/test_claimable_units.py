"""What may be claimed of a unit, by where its parcel is (R-REV-3 … R-REV-6, W3)."""

import pytest

from ordersaga.domain.after_sales.case import Kind
from ordersaga.domain.after_sales.units import Claim, Unit, UnitFate
from ordersaga.domain.lifecycle.parcel import ParcelState

S = ParcelState
OPEN_TO: dict[ParcelState | None, set[Kind]] = {
    None: {Kind.CANCELLATION},
    **{key: {Kind.CANCELLATION} for key in (S.CREATED, S.LABEL_PRINTED, S.PICKED, S.PACKED)},
    **{key: {Kind.REFUND} for key in (S.HANDED_OVER, S.IN_TRANSIT, S.LOST, S.REFUSED)},
    S.DELIVERED: {Kind.REFUND, Kind.RETURN, Kind.EXCHANGE},
    S.CANCELLED: set(),
    S.WRITTEN_OFF: {Kind.REFUND},
}


def unit(state: ParcelState | None, claim: Claim | None = None) -> Unit:
    return Unit(line_no=1, unit_no=1, merchant_id="own", parcel_no="O-1-1", parcel_state=state, claim=claim)


def test_every_state_of_a_parcel_says_what_may_be_claimed_of_it() -> None:
    assert OPEN_TO.keys() == {None, *ParcelState}


@pytest.mark.parametrize("state", OPEN_TO)
def test_a_unit_is_open_to_what_is_possible_where_it_is_and_to_nothing_while_it_is_claimed(
    state: ParcelState | None,
) -> None:
    assert {kind for kind in Kind if unit(state).is_open_to(kind)} == OPEN_TO[state]
    for fate in UnitFate:
        taken = unit(state, Claim(case_no="O-1-A1", fate=fate))
        assert not [kind for kind in Kind if taken.is_open_to(kind)]
