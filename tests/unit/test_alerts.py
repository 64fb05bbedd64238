"""Alert rules and dashboard: complete, well formed, and each alert with its runbook. Their metrics: tests/e2e."""

import re

import pytest

from tests.promql import ALERTS, DASHBOARD, ROOT, metrics_in, panels, queries, rules

OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
BY_NAME = {rule["alert"]: rule for rule in rules()}


def runbooks() -> dict[str, str]:
    """Each runbook by its alert's name."""
    start = OPERATIONS.index("## Runbooks\n") + len("## Runbooks\n")
    chapter = re.split(r"^## ", OPERATIONS[start:], maxsplit=1, flags=re.MULTILINE)[0]
    parts = re.split(r"^### (\w+)$", chapter, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_alert_has_a_name_of_its_own() -> None:
    assert len(BY_NAME) == len(rules()) >= 15
    assert len({group["name"] for group in ALERTS["groups"]}) == len(ALERTS["groups"])


@pytest.mark.parametrize("rule", rules(), ids=BY_NAME.keys())
def test_an_alert_says_how_grave_it_is_what_is_wrong_and_where_its_runbook_is(rule: dict[str, object]) -> None:
    assert rule["labels"] in ({"severity": "page"}, {"severity": "ticket"})
    annotations = rule["annotations"]
    assert isinstance(annotations, dict)
    assert annotations["summary"]
    assert annotations["runbook"] == f"docs/operations.md#{str(rule['alert']).lower()}"
    assert re.fullmatch(r"\d+[sm]", str(rule.get("for", "0s")))


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert runbooks().keys() == BY_NAME.keys()


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_runbook_tells_what_it_means_how_to_look_what_to_do_and_when_it_is_over(name: str) -> None:
    for part in ("**Means**", "**Look**", "**Do**", "**Over**"):
        assert part in runbooks()[name]


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    assert DASHBOARD["uid"] == "ordersaga"
    assert DASHBOARD["schemaVersion"] >= 36
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(numbers) == len(set(numbers))
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
    assert all(panel["title"] and panel["targets"] for panel in panels())


@pytest.mark.parametrize("query", sorted(set(queries())))
def test_a_query_is_balanced_and_reads_something(query: str) -> None:
    for opening, closing in ("()", "[]", "{}"):
        assert query.count(opening) == query.count(closing)
    assert metrics_in(query) or "up{" in query


def test_gauges_that_every_worker_shows_are_never_summed() -> None:
    shown_by_all = re.compile(
        r"sum[^(]*\(\s*ordersaga_(?:inbox|outbox|orders\b|orders_payment|refunds_un|webhook|runs)"
    )
    assert [query for query in queries() if shown_by_all.search(query)] == []


def test_names_of_metrics_are_found_in_expressions() -> None:
    query = 'histogram_quantile(0.9, sum by (le, route) (rate(a_bucket{route="b"}[5m]))) / max(c_total) or vector(0)'
    assert metrics_in(query) == {"a_bucket", "c_total"}
