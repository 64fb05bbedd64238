"""The tables of all order types: legal and illegal actions, words for everybody, no state that leads nowhere."""

import itertools

import pytest

from ordersaga.domain.errors import ActionNotAllowed, NotFound
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.diagram import mermaid
from ordersaga.domain.lifecycle.guards import Guard
from ordersaga.domain.lifecycle.registry import ORDER_TYPES, order_type
from ordersaga.domain.lifecycle.states import State
from ordersaga.domain.lifecycle.table import Actor, Machine, Statuses, Transition, rows
from ordersaga.domain.lifecycle.words import LANGUAGES
from ordersaga.domain.payment import CONFIRMED_BY

MACHINES = [machine for kind in ORDER_TYPES.values() for machine in kind.machines]
NAMES = [f"{machine.name}-{machine.version}" for machine in MACHINES]
every_machine = pytest.mark.parametrize("machine", MACHINES, ids=NAMES)
PEOPLE = (Actor.BUYER, Actor.MERCHANT, Actor.WAREHOUSE, Actor.OPERATOR)


@every_machine
def test_every_row_leads_where_it_says_for_those_who_may_act_and_for_nobody_else(machine: Machine) -> None:
    for row in machine.rows:
        for actor in Actor:
            assert machine.allows(row.current, row.action, actor) == (actor in row.by)
            if actor in row.by:
                assert machine.next(row.current, row.action, actor) == row.next
            else:
                with pytest.raises(ActionNotAllowed) as refusal:
                    machine.next(row.current, row.action, actor)
                assert refusal.value.details == {"state": row.current, "action": row.action, "actor": actor}


@every_machine
def test_every_pair_that_is_no_row_is_refused_naming_state_and_action(machine: Machine) -> None:
    legal = {(row.current, row.action) for row in machine.rows}
    for state, action in itertools.product(machine.states, Action):
        if (state, action) not in legal:
            with pytest.raises(ActionNotAllowed, match=f"{action} is not possible while {state}") as refusal:
                machine.next(state, action, Actor.SYSTEM)
            assert refusal.value.details == {"state": state, "action": action}


@every_machine
def test_a_state_and_an_action_have_one_row_at_most(machine: Machine) -> None:
    pairs = [(row.current, row.action) for row in machine.rows]
    assert len(set(pairs)) == len(pairs)


@every_machine
def test_rows_speak_of_known_states_and_actions_and_of_somebody(machine: Machine) -> None:
    for row in machine.rows:
        assert {row.current, row.next} <= set(machine.states)
        assert row.action in set(Action)
        assert row.by


@every_machine
def test_no_state_is_unreachable(machine: Machine) -> None:
    assert machine.reachable() == set(machine.states)


@every_machine
def test_every_state_that_is_not_final_leads_to_a_final_one(machine: Machine) -> None:
    ending = set(machine.final)
    while grown := {row.current for row in machine.rows if row.next in ending} - ending:
        ending |= grown
    assert ending == set(machine.states)


@every_machine
def test_a_final_state_is_never_left(machine: Machine) -> None:
    assert all(row.next == row.current for row in machine.rows if row.current in machine.final)


@every_machine
def test_no_waiting_state_depends_on_one_person_alone(machine: Machine) -> None:
    """Time or a neighbour moves it on when nobody does."""
    for state in set(machine.states) - machine.final:
        assert any(Actor.SYSTEM in row.by and row.next != state for row in machine.rows if row.current == state), state


@every_machine
def test_what_was_paid_is_not_taken_again(machine: Machine) -> None:
    for action in CONFIRMED_BY.values():
        paid = {row.next for row in machine.rows if row.action == action}
        later = set().union(*(machine.reachable(state) for state in paid))
        assert not [row for row in machine.rows if row.action == action and row.current in later]


@every_machine
def test_no_way_leads_from_a_paid_order_to_an_end_that_keeps_its_money_for_nothing(machine: Machine) -> None:
    paid = {row.next for row in machine.rows if row.action in CONFIRMED_BY.values()}
    ends = set().union(*(machine.reachable(state) for state in paid)) & machine.final
    assert not ends & {State.CANCELLED, State.PAYMENT_TIMED_OUT, State.RISK_REFUSED}


@every_machine
def test_actions_that_the_moment_decides_about_are_guarded_in_every_state(machine: Machine) -> None:
    guards = {
        Action.PAY: Guard.BEFORE_PAYMENT_DEADLINE,
        Action.CHANGE_RECEIVER: Guard.BEFORE_FIRST_LABEL,
        Action.REVIEW: Guard.LINES_TO_REVIEW,
        Action.RETURN_UNUSED: Guard.NO_CODE_REVEALED,
        Action.CHANGE_ORDER: Guard.BEFORE_PAYMENT_DEADLINE,
        Action.CHANGE_DELIVERY_NOTE: Guard.BEFORE_FIRST_LABEL,
        Action.REQUEST_CANCELLATION: Guard.UNITS_TO_CANCEL,
        Action.REQUEST_AFTER_SALES: Guard.UNITS_TO_CLAIM,
    }
    for row in machine.rows:
        assert row.guard == guards.get(Action(row.action)), row


@every_machine
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_has_a_word_for_every_role_in_every_language(machine: Machine, language: str) -> None:
    for state, viewer in itertools.product(machine.states, PEOPLE):
        assert machine.statuses[state].read_by(viewer).read_in(language).strip()


@every_machine
def test_operators_read_the_state_itself_and_warehouses_what_merchants_read(machine: Machine) -> None:
    for state in machine.states:
        statuses = machine.statuses[state]
        assert statuses.read_by(Actor.OPERATOR).code == state
        assert statuses.read_by(Actor.WAREHOUSE) == statuses.read_by(Actor.MERCHANT)


def test_the_two_languages_differ_in_every_label() -> None:
    for machine in MACHINES:
        for statuses in machine.statuses.values():
            for word in (statuses.buyer, statuses.merchant, statuses.operator):
                assert word.read_in("en") != word.read_in("zh-Hant")
                assert word.read_in("zh-TW") == word.read_in("zh-Hant")


@every_machine
def test_a_diagram_shows_every_change_of_state_its_beginning_and_its_ends(machine: Machine) -> None:
    drawn = mermaid(machine).splitlines()
    assert drawn[:2] == ["stateDiagram-v2", f"    [*] --> {machine.initial}"]
    for row in machine.rows:
        arrows = [text for text in drawn if text.startswith(f"    {row.current} --> {row.next}: ")]
        if row.current == row.next:
            assert not arrows
        else:
            assert row.action in arrows[0].partition(": ")[2].split(" / ")
            assert len(arrows) == 1
    assert {text.split()[0] for text in drawn if text.endswith("--> [*]")} == set(machine.final)


@every_machine
def test_what_an_actor_may_ever_do_is_listed_once_in_the_tables_order(machine: Machine) -> None:
    for actor in Actor:
        listed = machine.actions_of(actor)
        assert len(set(listed)) == len(listed)
        assert set(listed) == {row.action for row in machine.rows if actor in row.by}


def test_a_row_by_the_system_alone_is_triggered_by_it() -> None:
    assert Transition("a", "b", "c", frozenset({Actor.SYSTEM})).trigger == "system"
    assert Transition("a", "b", "c", frozenset({Actor.SYSTEM, Actor.OPERATOR})).trigger == "person"


def test_one_action_from_several_states_is_a_row_for_each_and_may_stay_where_it_is() -> None:
    assert [(row.current, row.next) for row in rows(("a", "b"), "go", "c", Actor.BUYER)] == [("a", "c"), ("b", "c")]
    assert [(row.current, row.next) for row in rows(("a", "b"), "stay", None, Actor.BUYER)] == [("a", "a"), ("b", "b")]


def test_a_table_of_a_type_is_found_by_name_and_version_old_ones_included() -> None:
    for kind in ORDER_TYPES.values():
        assert kind.machine is kind.machines[-1]
        assert [kind.version(machine.version) for machine in kind.machines] == list(kind.machines)


def test_an_order_type_that_nobody_knows_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(NotFound) as refusal:
        order_type("subscription")
    assert refusal.value.details["allowed"] == list(ORDER_TYPES)


def test_an_island_is_not_reachable() -> None:
    statuses: dict[str, Statuses] = dict.fromkeys(("a", "b", "island"), MACHINES[0].statuses["paid"])
    machine = Machine("test", 1, "a", frozenset({"b"}), rows("a", "go", "b", Actor.SYSTEM), statuses)
    assert machine.reachable() == {"a", "b"}
