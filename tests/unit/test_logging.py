"""Log lines: JSON with the order, the run and the trace as fields, and without the rows that a database quotes."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from ordersaga.gateways import correlation
from ordersaga.gateways.logging import configure_logging


class Written(io.StringIO):
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """What is written to standard output in production's form."""
    root, stream = logging.getLogger(), Written()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(sys, "stdout", stream)
    configure_logging("INFO", "json")
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_names_what_the_request_is_about(written: Written) -> None:
    with correlation.concerning({"trace_id": "t1"}):
        correlation.bind(order_no="261122-7K3M9QXF2T8B")
        structlog.get_logger("api").info("placed", lines=2)
    (line,) = written.lines()
    assert line.items() >= {"event": "placed", "order_no": "261122-7K3M9QXF2T8B", "trace_id": "t1", "lines": 2}.items()
    assert line.keys() >= {"level", "logger", "timestamp"}


def test_a_line_of_temporals_loggers_names_its_run_and_its_order(written: Written) -> None:
    run = {"workflow_id": "parcel/261122-7K3M9QXF2T8B-1", "run_id": "r1", "workflow_type": "Fulfilment", "attempt": 1}
    logging.getLogger("temporalio.workflow").warning("late", extra={"temporal_workflow": run})
    (line,) = written.lines()
    assert line["event"] == "late"
    assert (line["workflow_id"], line["run_id"], line["workflow"]) == (run["workflow_id"], "r1", "Fulfilment")
    assert (line["order_no"], line["parcel_no"]) == ("261122-7K3M9QXF2T8B", "261122-7K3M9QXF2T8B-1")


def test_a_line_of_an_activity_names_its_attempt(written: Written) -> None:
    step = {"workflow_id": "order/O-1", "workflow_run_id": "r1", "activity_type": "record_order", "attempt": 3}
    logging.getLogger("temporalio.activity").warning("failed", extra={"temporal_activity": step})
    (line,) = written.lines()
    assert (line["order_no"], line["run_id"], line["activity"], line["attempt"]) == ("O-1", "r1", "record_order", 3)


def test_the_rows_that_a_database_quotes_are_left_out(written: Written) -> None:
    error = RuntimeError("violates constraint\nDETAIL:  Failing row contains (O-1, 王小明).\n[parameters: ('王小明',)]")
    structlog.get_logger().error("a request failed", exc_info=error)
    structlog.get_logger().warning("could not", error=str(error))
    failed, could_not = written.lines()
    assert "王小明" not in written.getvalue()
    assert "violates constraint" in failed["exception"]
    assert "violates constraint" in could_not["error"]


async def test_facts_belong_to_their_task_alone() -> None:
    with correlation.concerning({"order_no": "O-1"}):
        with correlation.concerning({"parcel_no": "P-1"}):
            assert correlation.facts() == {"order_no": "O-1", "parcel_no": "P-1"}
        assert correlation.facts() == {"order_no": "O-1"}


@pytest.mark.parametrize(
    ("workflow_id", "subject"),
    [
        ("order/O-1", {"order_no": "O-1"}),
        ("parcel/O-1-2", {"order_no": "O-1", "parcel_no": "O-1-2"}),
        ("refund/pay-1", {"payment_id": "pay-1"}),
        ("something-else", {}),
    ],
)
def test_a_runs_id_says_what_it_is_about(workflow_id: str, subject: dict[str, str]) -> None:
    assert correlation.subject_of(workflow_id) == subject
