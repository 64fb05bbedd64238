"""Temporal's native core in this process: its log lines join ours, and its metrics can be read."""

import asyncio
import logging
import socket
import urllib.request

from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

_LOOPBACK = "127.0.0.1"
_ATTEMPTS = 5
_SECONDS = 2.0

_metrics_url: str | None = None


def prepare_core(*, metered: bool) -> None:
    """Make the runtime that every client and worker of this process uses. Once, before the first of them."""
    global _metrics_url
    if not metered:
        Runtime.set_default(_runtime(None))
        return
    for attempt in range(_ATTEMPTS):
        address = f"{_LOOPBACK}:{_free_port()}"
        try:
            Runtime.set_default(
                _runtime(PrometheusConfig(address, counters_total_suffix=True, durations_as_seconds=True))
            )
        except ValueError:  # somebody took the port meanwhile
            if attempt + 1 == _ATTEMPTS:
                raise
        else:
            _metrics_url = f"http://{address}/metrics"
            return


async def core_metrics() -> bytes:
    """The SDK's own metrics in Prometheus' text form; nothing where they are not kept."""
    return b"" if _metrics_url is None else await asyncio.to_thread(_read, _metrics_url)


def _runtime(metrics: PrometheusConfig | None) -> Runtime:
    forwarding = LogForwardingConfig(
        logger=logging.getLogger("temporalio.core"),
        append_target_to_name=False,
        prepend_target_on_message=False,
        append_log_fields_to_message=False,
    )
    lines = LoggingConfig(filter=TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
    return Runtime(telemetry=TelemetryConfig(logging=lines, metrics=metrics))


def _read(url: str) -> bytes:
    # Without the client that is traced: scrapes are nobody's request.
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - our own address
        content: bytes = answer.read()
        return content


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
