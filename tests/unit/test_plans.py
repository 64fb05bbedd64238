"""How benchmarks read what PostgreSQL logs of its statements."""

from bench.plans import Statement, logged, reading_more, reading_whole, scanned

_LOG = """\
2026-11-23 07:00:00.000 UTC [1] WARNING:  duration: 0.020 ms  plan:
\t{
\t  "Query Text": "SELECT *\\n FROM orders WHERE state = $1",
\t  "Plan": {
\t    "Node Type": "Limit",
\t    "Shared Hit Blocks": 3,
\t    "Plans": [
\t      {"Node Type": "Seq Scan", "Relation Name": "orders", "Actual Loops": 1},
\t      {"Node Type": "Seq Scan", "Relation Name": "payments", "Actual Loops": 0}
\t    ]
\t  }
\t}
2026-11-23 07:00:00.000 UTC [1] CONTEXT:  of something else
2026-11-23 07:00:00.000 UTC [1] WARNING:  duration: 0.020 ms  plan:
\t{
\t  "Query Text": "SELECT 1 /* bench */",
\t  "Plan": {"Node Type": "Result"}
\t}
"""


def test_statements_are_read_in_one_line_without_the_benchs_own() -> None:
    ((text, plan),) = logged(_LOG)
    assert text == "SELECT * FROM orders WHERE state = $1"
    assert plan["Shared Hit Blocks"] == 3


def test_tables_count_as_read_from_end_to_end_where_the_plan_was_carried_out() -> None:
    ((_, plan),) = logged(_LOG)
    assert list(scanned(plan)) == ["orders"]


def test_only_tables_that_grow_are_told_of() -> None:
    found = {"a": Statement(calls=1, scanned={"orders", "skus"}), "b": Statement(calls=1, scanned={"skus"})}
    assert reading_whole(found, {"orders"}) == {"a": ["orders"]}


def test_a_statement_that_reads_few_pages_may_read_some_more() -> None:
    small = {"a": Statement(calls=2, pages=8), "b": Statement(calls=1, pages=20)}
    large = {
        "a": Statement(calls=1, pages=30),
        "b": Statement(calls=2, pages=122),
        "new": Statement(calls=1, pages=900),
    }
    assert reading_more(small, large, 3.0) == {"b": (20.0, 61.0)}
