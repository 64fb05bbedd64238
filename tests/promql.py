"""What the alert rules and the dashboard ask Prometheus for."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
ALERTS: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "ordersaga.json").read_text())

_NOT_NAMES = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring)\s*\([^)]*\)')
_NAME = re.compile(r"\b[a-z][a-z0-9_]*\b(?!\s*\()")
_WORDS = {"or", "and", "unless", "offset", "bool"}
_OF_PROMETHEUS = {"up"}


def rules() -> list[dict[str, Any]]:
    return [rule for group in ALERTS["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def queries() -> Iterator[str]:
    for rule in rules():
        yield rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield target["expr"]


def metrics_in(query: str) -> set[str]:
    """The names of the metrics that a PromQL expression reads."""
    return set(_NAME.findall(_NOT_NAMES.sub(" ", query))) - _WORDS - _OF_PROMETHEUS
