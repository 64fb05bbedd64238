"""How a process begins to be seen: its logs, its traces, and the core of Temporal's SDK beneath both."""

from typing import Literal

from ordersaga.gateways.logging import configure_logging
from ordersaga.gateways.telemetry import start_tracing
from ordersaga.gateways.temporal_core import prepare_core


def observe_process(
    name: Literal["api", "worker"], *, log_level: str, log_format: Literal["json", "console"], metered: bool
) -> None:
    """Once, before the process connects to anything. `metered`: also keep the metrics of Temporal's SDK."""
    configure_logging(log_level, log_format)
    start_tracing(name)
    prepare_core(metered=metered)
