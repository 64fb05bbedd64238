"""`docs/order-types.md` says what the tables say."""

from ordersaga.domain.lifecycle.diagram import mermaid
from ordersaga.domain.lifecycle.registry import ORDER_TYPES, registered
from tests.integration.test_sixth_order_type import MADE_TO_ORDER
from tests.unit.order_type_page import PAGE, page


def test_the_page_on_order_types_is_what_the_tables_say_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "stale: python -m tests.unit.order_type_page"


def test_every_type_is_described_and_drawn() -> None:
    text = page()
    for kind in ORDER_TYPES.values():
        assert kind.about in text
        assert mermaid(kind.machine) in text


def test_a_type_that_is_registered_appears_by_itself() -> None:
    before = page()
    with registered(MADE_TO_ORDER):
        assert "Being made for you · 訂製中" in page()
    assert page() == before
