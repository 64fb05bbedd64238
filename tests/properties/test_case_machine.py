"""Cases on one order, opened and steered at random: a unit is in one case at a time, and given for once (M8, W6)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ordersaga.domain.after_sales.case import Case, CaseLine, Fault, Kind, Reason, case_no_of
from ordersaga.domain.after_sales.commands import Command, action_of
from ordersaga.domain.after_sales.units import Claim, Placed, Unit, UnitFate, choose, units_of
from ordersaga.domain.errors import ActionNotAllowed, UnitsNotClaimable
from ordersaga.domain.lifecycle.after_sales import INITIAL, MACHINE, CaseState
from ordersaga.domain.lifecycle.parcel import GIVEN_UP, ParcelState, is_shipped
from ordersaga.domain.lifecycle.table import Actor
from tests.goods import line

AT = datetime(2026, 11, 23, tzinfo=UTC)
LINES = (line(1, 3), line(2, 2))
GIVEN = {CaseState.REFUNDING: UnitFate.REFUNDED, CaseState.EXCHANGED: UnitFate.EXCHANGED}
DROPPED = (CaseState.WITHDRAWN, CaseState.CLOSED)
WAY = [ParcelState.CREATED, ParcelState.PACKED, ParcelState.HANDED_OVER, ParcelState.DELIVERED]


class AfterSalesOfAnOrder(RuleBasedStateMachine):
    """The table, the commands and the choice of units are the real ones; beside them stands who has which unit."""

    def __init__(self) -> None:
        super().__init__()
        self.parcels = {"P-1": ParcelState.CREATED, "P-2": ParcelState.CREATED}
        self.inside: dict[str, dict[int, tuple[int, ...]]] = {"P-1": {1: (1, 2)}, "P-2": {1: (3,), 2: (1, 2)}}
        self.claims: dict[tuple[int, int], Claim] = {}
        self.cases: list[Case] = []
        self.given: list[tuple[int, int]] = []

    def units(self) -> tuple[Unit, ...]:
        placed = [
            Placed(parcel_no, "w-1", self.parcels[parcel_no], line_no, numbers)
            for parcel_no, lines in self.inside.items()
            for line_no, numbers in lines.items()
        ]
        claims: dict[int, dict[int, Claim]] = {}
        for (line_no, unit_no), claim in self.claims.items():
            claims.setdefault(line_no, {})[unit_no] = claim
        return units_of(LINES, placed, claims)

    @rule(parcel_no=st.sampled_from(["P-1", "P-2"]), state=st.sampled_from(WAY))
    def a_parcel_goes_on(self, parcel_no: str, state: ParcelState) -> None:
        if self.parcels[parcel_no] in WAY and WAY.index(state) > WAY.index(self.parcels[parcel_no]):
            self.parcels[parcel_no] = state

    @rule(kind=st.sampled_from(Kind), line_no=st.sampled_from([1, 2]), quantity=st.integers(1, 4))
    def somebody_claims(self, kind: Kind, line_no: int, quantity: int) -> None:
        units = self.units()
        free = [unit for unit in units if unit.line_no == line_no and unit.is_open_to(kind)]
        if len(free) < quantity:
            with pytest.raises(UnitsNotClaimable) as refusal:
                choose(units, kind, {line_no: quantity})
            wanted = {"line_no": line_no, "wanted": quantity, "claimable": len(free)}
            assert refusal.value.details["lines"] == [wanted]
            return
        chosen = choose(units, kind, {line_no: quantity})
        case = Case(
            case_no=case_no_of("O-1", len(self.cases) + 1),
            order_no="O-1",
            sequence=len(self.cases) + 1,
            kind=kind,
            reason=Reason.OTHER,
            fault=Fault.BUYER,
            state=INITIAL,
            table_version=1,
            merchant_id="m-1",
            opened_by_role="buyer",
            opened_by="alice",
            note=None,
            lines=(CaseLine(line_no=line_no, units=chosen[line_no]),),
            opened_at=AT,
            updated_at=AT,
        )
        for unit in case.lines[0].units:
            assert (line_no, unit) not in self.claims, "two cases have one unit"
            self.claims[line_no, unit] = Claim(case_no=case.case_no, fate=UnitFate.CLAIMED)
        self.cases.append(case)

    @precondition(lambda self: self.cases)
    @rule(data=st.data(), command=st.sampled_from(Command), actor=st.sampled_from(Actor))
    def somebody_says_something(self, data: st.DataObject, command: Command, actor: Actor) -> None:
        place = data.draw(st.integers(0, len(self.cases) - 1))
        self.say(place, command, actor, data.draw(st.integers(0, 3)))

    @precondition(lambda self: any(case.is_open for case in self.cases))
    @rule(data=st.data())
    def who_may_says_something(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from([number for number, case in enumerate(self.cases) if case.is_open]))
        possible = [(command, actor) for command in Command for actor in Actor if self.may(place, command, actor)]
        self.say(place, *data.draw(st.sampled_from(possible)), data.draw(st.integers(0, 3)))

    def may(self, place: int, command: Command, actor: Actor) -> bool:
        try:
            return MACHINE.allows(self.cases[place].state, action_of(self.cases[place], command), actor)
        except ActionNotAllowed:
            return False

    def say(self, place: int, command: Command, actor: Actor, accepted: int) -> None:
        case = self.cases[place]
        if not self.may(place, command, actor):
            return
        reached = CaseState(MACHINE.next(case.state, action_of(case, command), actor))
        assert case.is_open, "a case that is over goes on"
        (claimed,) = case.lines
        if command is Command.ACCEPT:
            case = replace(case, lines=(replace(claimed, accepted=claimed.units[: max(1, accepted)]),))
        case = replace(case, state=reached, kind=Kind.RETURN if command is Command.REFUSE_TO_STOP else case.kind)
        self.cases[place] = case
        for unit in case.lines[0].units:
            if reached in DROPPED or (reached in GIVEN and unit not in case.lines[0].taken):
                self.claims.pop((claimed.line_no, unit), None)
            elif reached in GIVEN:
                self.given.append((claimed.line_no, unit))
                self.claims[claimed.line_no, unit] = Claim(case_no=case.case_no, fate=GIVEN[reached])

    @invariant()
    def a_unit_is_given_for_once(self) -> None:
        assert len(set(self.given)) == len(self.given)

    @invariant()
    def what_was_given_for_can_never_be_claimed_again(self) -> None:
        free = {(unit.line_no, unit.unit_no) for unit in self.units() if any(map(unit.is_open_to, Kind))}
        assert not free & set(self.given)

    @invariant()
    def what_is_claimed_is_in_a_case_that_is_open_or_has_given_something(self) -> None:
        cases = {case.case_no: case for case in self.cases}
        for claim in self.claims.values():
            assert claim.fate is not UnitFate.CLAIMED or cases[claim.case_no].is_open

    @invariant()
    def every_unit_can_be_claimed_in_some_way_while_nobody_has_it(self) -> None:
        for unit in self.units():
            state = unit.parcel_state
            if unit.claim is None and state is not None and state not in GIVEN_UP:
                assert unit.is_open_to(Kind.REFUND if is_shipped(state) else Kind.CANCELLATION)


TestAfterSalesOfAnOrder = AfterSalesOfAnOrder.TestCase
TestAfterSalesOfAnOrder.settings = settings(max_examples=max(100, settings().max_examples), stateful_step_count=25)
