"""One order is one trace, from the buyer's request to the statements of its activities; its log lines name it."""

from typing import Any

import pytest

from tests.integration.observed_processes import Observed
from tests.integration.trace_collector import Seen
from tests.shop import TAIPEI, until

LONGEST = 30.0
CALLBACK = "HandleSignal:payment_reported"
CALLED = "POST /v1/webhooks/payments/{provider}"
CHAIN = (
    "POST /v1/orders",
    "StartUpdateWithStartWorkflow:StandardOrder",
    "RunWorkflow:StandardOrder",
    "StartActivity:settle_payments",
    "RunActivity:settle_payments",
    "UPDATE",
)


@pytest.fixture(scope="module")
async def order_no(observed: Observed) -> str:
    """An order that was paid and split. Each process sends its spans when it likes: those of both traces are here."""
    shop = observed.processes.shop
    order = await shop.produces(shop.buyer("traced-alice"), (await shop.shelves(), 1))
    found = str(order["order_no"])

    async def arrived() -> set[str]:
        return {span.name for span in observed.collector.of(found)}

    async def missing() -> list[str]:
        spans = observed.collector.trace_of(found) + called_back(observed, found)
        known = {span.span_id for span in spans}
        return [span.name for span in spans if span.parent_id and span.parent_id not in known]

    await until(arrived, lambda names: {*CHAIN, "RunActivity:split_order", CALLBACK} <= names, LONGEST)
    await until(missing, lambda names: names == [], LONGEST)
    return found


def called_back(observed: Observed, order_no: str) -> list[Seen]:
    """The trace of the provider's callback, and of a worker's that told the run again because the API took its time."""
    traces = {span.trace_id for span in observed.collector.of(order_no) if span.name == CALLBACK}
    return [span for span in observed.collector.spans if span.trace_id in traces]


def parents(spans: list[Seen], name: str) -> list[list[str]]:
    """The names above each span of this name, from the root on."""
    known = {span.span_id: span for span in spans}
    ways = []
    for span in spans:
        if span.name == name:
            way = [span.name]
            while span.parent_id:
                span = known[span.parent_id]
                way.append(span.name)
            ways.append(way[::-1])
    return ways


async def test_an_order_is_one_connected_trace_from_the_request_to_the_statements(
    observed: Observed, order_no: str
) -> None:
    spans = observed.collector.trace_of(order_no)
    known = {span.span_id for span in spans}
    assert [span.name for span in spans if span.parent_id and span.parent_id not in known] == []
    assert list(CHAIN) in parents(spans, "UPDATE")
    assert {span.process for span in spans} == {"ordersaga-api", "ordersaga-worker"}


async def test_every_span_of_an_order_names_it(observed: Observed, order_no: str) -> None:
    named = {name for name in CHAIN if name != "UPDATE"} | {"RunActivity:reserve_stock", "SET"}
    for span in observed.collector.trace_of(order_no):
        if span.name in named:
            assert span.attributes.get("ordersaga.order_no") == order_no, span.name


async def test_a_providers_callback_is_a_trace_that_reaches_the_run(observed: Observed, order_no: str) -> None:
    names = {span.name for span in called_back(observed, order_no)}
    assert {CALLED, "SignalWorkflow:payment_reported"} <= names


async def test_log_lines_carry_the_order_and_the_same_trace(observed: Observed, order_no: str) -> None:
    async def mine() -> list[dict[str, Any]]:
        return [line for line in observed.processes.lines("api") if line.get("order_no") == order_no]

    lines = await until(mine, lambda lines: CALLED in {f"{line.get('method')} {line.get('route')}" for line in lines})
    (submit,) = [line for line in lines if (line.get("method"), line.get("route")) == ("POST", "/v1/orders")]
    assert submit["trace_id"] == observed.collector.trace_of(order_no)[0].trace_id
    assert (submit["status"], submit["role"], submit["level"]) == (201, "buyer", "info")


async def test_neither_spans_nor_lines_hold_personal_data_or_links_that_open_something(
    observed: Observed, order_no: str
) -> None:
    written = [span.text for span in observed.collector.spans] + [str(line) for line in observed.processes.lines("api")]
    written += [str(line) for line in observed.processes.lines("worker-1")]
    private = [TAIPEI["name"], TAIPEI["phone"], TAIPEI["line1"], "traced-alice", "/sandbox/cashier/e", "Bearer "]
    assert [word for word in private for text in written if word in text] == []


async def test_loops_and_health_checks_are_no_traces(observed: Observed, order_no: str) -> None:
    roots = {span.name for span in observed.collector.spans if not span.parent_id}
    assert roots & {"GET /readyz", "GET /healthz", "SELECT", "UPDATE", "BEGIN;", "COMMIT;"} == set()
