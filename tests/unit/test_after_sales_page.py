"""`docs/after-sales.md` says what the table of cases says."""

from tests.unit.after_sales_page import PAGE, page


def test_the_page_on_after_sales_is_what_the_table_says_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "stale: python -m tests.unit.after_sales_page"
