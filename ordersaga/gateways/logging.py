"""Structured logs to standard output: JSON lines, or readable ones for people.

Every line that concerns an order names it (`order_no`), and its trace (`trace_id`) where there is one; lines of runs
name `workflow_id` and `run_id`. No personal data: what PostgreSQL says about a refused row is left out.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal

import structlog
from temporalio import activity, workflow

from ordersaga.gateways import correlation

Line = MutableMapping[str, Any]

_ROW = re.compile(r"(DETAIL:|\[parameters: ).*?(?=\n|$)")
_OF_A_RUN = {"workflow_id": "workflow_id", "run_id": "run_id", "workflow_run_id": "run_id", "workflow_type": "workflow"}
_OF_AN_ACTIVITY = {**_OF_A_RUN, "activity_type": "activity", "attempt": "attempt"}


def configure_logging(level: str, form: Literal["json", "console"]) -> None:
    """Everything that logs, our own code and libraries alike, writes through one pipeline."""
    shared: list[structlog.typing.Processor] = [
        _add_facts,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if form == "json" else structlog.dev.ConsoleRenderer()
    )
    render: list[structlog.typing.Processor] = [
        _add_run,
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _leave_rows_out,
        last,
    ]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=render))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # What the SDK knows of a run comes as fields, not as text behind the message.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _add_facts(_logger: Any, _method: str, line: Line) -> Line:
    for name, value in correlation.current().items():
        line.setdefault(name, value)
    return line


def _add_run(_logger: Any, _method: str, line: Line) -> Line:
    """Name the run that a line of Temporal's own loggers is about."""
    record = line.get("_record")
    if record is not None:
        _name_run(line, getattr(record, "temporal_activity", None), _OF_AN_ACTIVITY)
        _name_run(line, getattr(record, "temporal_workflow", None), _OF_A_RUN)
        core = getattr(record, "temporal_log", None)
        if core is not None:
            line["core"] = {name: str(value) for name, value in core.fields.items()}
            _name_run(line, core.fields, _OF_A_RUN)
    return line


def _name_run(line: Line, known: Mapping[str, Any] | None, names: Mapping[str, str]) -> None:
    if known is None:
        return
    for name, ours in names.items():
        if known.get(name) is not None:
            line.setdefault(ours, known[name])
    for name, value in correlation.subject_of(str(line.get("workflow_id", ""))).items():
        line.setdefault(name, value)


def _leave_rows_out(_logger: Any, _method: str, line: Line) -> Line:
    """An error of the database may quote the row that it refused, and rows hold names and addresses."""
    for name in ("exception", "error", "event"):
        text = line.get(name)
        if isinstance(text, str) and ("DETAIL:" in text or "[parameters: " in text):
            line[name] = _ROW.sub(r"\1 (left out)", text)
    return line
