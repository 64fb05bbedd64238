"""The catalogue of events says what the code says, of every type, and tells nobody's name or address."""

import pytest

from ordersaga.domain.events import KNOWN_TYPES, TYPES
from ordersaga.domain.lifecycle.actions import OPENS_A_CASE, Action
from tests.unit.event_catalogue import MEANING, PAGE, document_of, page


def test_every_action_has_its_event() -> None:
    assert set(TYPES) == set(Action) - OPENS_A_CASE


def test_every_type_is_explained_and_no_other() -> None:
    assert MEANING.keys() == KNOWN_TYPES


def test_the_page_is_what_the_code_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.unit.event_catalogue"


@pytest.mark.parametrize("action", list(TYPES))
def test_a_document_says_what_happened_and_of_which_order(action: Action) -> None:
    kind, document = document_of(action)
    assert kind == TYPES[action]
    assert document["action"] == action
    assert {"order_no", "sequence", "at", "from_state", "to_state", "actor_role", "order"} <= document.keys()
    assert "receiver" not in document["order"]
    assert ("lines" in document) == (action in (Action.SUBMIT, Action.CHANGE_ORDER))
    assert ("refunds" in document) == kind.startswith("refund.")
