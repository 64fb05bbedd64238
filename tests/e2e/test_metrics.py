"""What the running API and worker expose: counts of what happened, and every metric that rules and dashboard read."""

from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
import temporalio.bridge
from prometheus_client.parser import text_string_to_metric_families
from temporalio.client import Client

from devstack.stack import Stack
from tests.promql import metrics_in, queries
from tests.shop import Shop, refused, until
from tests.troubled_run import troubled_run

Samples = dict[str, float]

ON_FAILURE = {
    "temporal_workflow_task_execution_failed_total",
    "temporal_local_activity_execution_failed_total",
    "temporal_activity_execution_failed_total",
}
"""The SDK shows a counter from its first count on, and these count what does not happen here."""


async def scrape(stack: Stack, http: httpx.AsyncClient, part: str) -> tuple[set[str], Samples]:
    """The names that a part exposes, labelled ones without samples too, and its samples by name and labels."""
    answer = await http.get(stack.addresses.metrics[part])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    names: set[str] = set()
    samples: Samples = {}
    for family in text_string_to_metric_families(answer.text):
        suffix = "_total" if family.type == "counter" else "_bucket" if family.type == "histogram" else ""
        names |= {family.name, family.name + suffix}
        for sample in family.samples:
            names.add(sample.name)
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            samples[f"{sample.name}{{{labels}}}"] = sample.value
    return names, samples


async def nobody_elses_money_is_under_way(stack: Stack) -> None:
    """Wait until the orders of earlier tests have heard of what was paid for them, and are counted no more."""
    connection = await asyncpg.connect(stack.addresses.database, timeout=10)
    query = (
        "SELECT count(*) FROM payments JOIN sandbox_payments USING (payment_id) WHERE payments.state = 'open'"
        " AND sandbox_payments.state = 'succeeded' AND payments.created_at > now() - interval '1 minute'"
    )
    try:
        await until(lambda: connection.fetchval(query, timeout=10), lambda count: count == 0, within=75)
    finally:
        await connection.close(timeout=10)


async def test_every_metric_that_rules_and_dashboard_read_is_exposed(
    stack: Stack, http: httpx.AsyncClient, shop: Shop
) -> None:
    await shop.places(shop.buyer(), (await shop.shelves(), 1))
    asked = {name for query in queries() for name in metrics_in(query)}

    async def missing() -> set[str]:
        """The SDK counts what a worker did after it was done."""
        exposed = (await scrape(stack, http, "api"))[0] | (await scrape(stack, http, "worker-1"))[0]
        return asked - exposed

    await until(missing, lambda names: names <= ON_FAILURE)


def test_the_sdk_still_has_the_counters_of_what_does_not_happen_here() -> None:
    core = next(Path(temporalio.bridge.__path__[0]).glob("*.abi3.so")).read_bytes()
    words = {name.removeprefix("temporal_").removesuffix("_total") for name in ON_FAILURE}
    assert [word for word in words if word.encode() not in core] == []


async def test_what_happens_to_an_order_is_counted(stack: Stack, http: httpx.AsyncClient, shop: Shop) -> None:
    await nobody_elses_money_is_under_way(stack)
    _, before = await scrape(stack, http, "worker-1")
    await shop.produces(shop.buyer(), (await shop.shelves(), 1))

    async def added() -> Samples:
        _, after = await scrape(stack, http, "worker-1")
        return {name: value - before.get(name, 0) for name, value in after.items()}

    await until(added, lambda more: more.get("ordersaga_transitions_total{action=split,order_type=standard}", 0) >= 1)
    more = await added()
    assert more["ordersaga_orders_placed_total{order_type=standard}"] == 1
    assert more["ordersaga_payments_total{state=succeeded}"] == 1
    assert more["ordersaga_transitions_total{action=confirm_payment,order_type=standard}"] == 1


async def test_requests_are_counted_by_route_template_and_problems_by_code(
    stack: Stack, http: httpx.AsyncClient, shop: Shop
) -> None:
    _, before = await scrape(stack, http, "api")
    order_no = await shop.places(shop.buyer(), (await shop.shelves(), 1))
    await shop.buyer().order(order_no)
    refused(await shop.buyer("eve").ask("GET", f"/v1/orders/{order_no}"), 404, "not_found")
    refused(await shop.nobody().ask("GET", "/v1/nothing/here"), 404, "not_found")
    _, after = await scrape(stack, http, "api")
    added = {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}
    assert added["ordersaga_http_requests_total{method=GET,route=/v1/orders/{order_no},status=2xx}"] == 1
    assert added["ordersaga_http_requests_total{method=GET,route=/v1/orders/{order_no},status=4xx}"] == 1
    assert added["ordersaga_http_requests_total{method=GET,route=unmatched,status=4xx}"] == 1
    assert added["ordersaga_http_request_duration_seconds_count{method=POST,route=/v1/orders}"] == 1
    assert added["ordersaga_http_problems_total{code=not_found}"] == 2
    assert [name for name in after if order_no in name] == []


async def test_an_answer_names_its_trace(shop: Shop) -> None:
    first = (await shop.nobody().ask("GET", "/healthz")).headers["x-trace-id"]
    second = (await shop.nobody().ask("GET", "/healthz")).headers["x-trace-id"]
    assert (len(first), first != second) == (32, True)
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    sent = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
    assert (await shop.nobody().ask("GET", "/healthz", headers=sent)).headers["x-trace-id"] == trace_id


async def test_workflow_tasks_that_fail_are_counted(stack: Stack, http: httpx.AsyncClient, temporal: Client) -> None:
    await troubled_run(temporal)

    async def failures() -> float:
        _, samples = await scrape(stack, http, "worker-1")
        return sum(value for name, value in samples.items() if name.startswith(f"{failed}{{"))

    failed = "temporal_workflow_task_execution_failed_total"
    await until(failures, lambda count: count >= 1)
