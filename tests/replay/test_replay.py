"""Runs that began under earlier code go on under the present one: recorded histories replay (W5)."""

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from pydantic import SecretStr
from temporalio.client import WorkflowHistory
from temporalio.contrib.opentelemetry import OpenTelemetryPlugin, create_tracer_provider
from temporalio.worker import Plugin, Replayer
from temporalio.workflow import NondeterminismError

from ordersaga.settings import Settings
from tests.goods import TAIPEI
from tests.replay.record import FOLDER, SCENES
from worker.main import workflow_runner, workflows

RECORDED = sorted(FOLDER.glob("*.json"))
every_history = pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def history_of(document: dict[str, Any]) -> WorkflowHistory:
    return WorkflowHistory.from_json(document["workflow_id"], {"events": document["events"]})


def replayer(*, sandboxed: bool, plugins: Sequence[Plugin] = ()) -> Replayer:
    """With the worker's own runner. A busy machine is no deadlock, though it keeps a task for two seconds."""
    settings = Settings(
        database_url=SecretStr("postgresql://-"), redis_url=SecretStr("redis://-"), sandboxed_workflows=sandboxed
    )
    return Replayer(workflows=workflows(), workflow_runner=workflow_runner(settings), plugins=plugins, debug_mode=True)


def values(part: Any) -> Iterator[str]:
    """Every payload of a history, decoded, and every plain text."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "data" and isinstance(value, str):
                yield base64.b64decode(value).decode()
            else:
                yield from values(value)
    elif isinstance(part, list):
        for item in part:
            yield from values(item)
    elif isinstance(part, str):
        yield part


def renamed(part: Any, old: str, new: str) -> Any:
    """The same with another name for a step, inside payloads too."""
    if isinstance(part, list):
        return [renamed(item, old, new) for item in part]
    if isinstance(part, str):
        return part.replace(old, new)
    if not isinstance(part, dict):
        return part
    found = {key: renamed(value, old, new) for key, value in part.items()}
    if isinstance(payload := part.get("data"), str):
        found["data"] = base64.b64encode(base64.b64decode(payload).replace(old.encode(), new.encode())).decode()
    return found


@pytest.fixture(scope="module")
def traces() -> OpenTelemetryPlugin:
    """Traces as a worker makes them, sent nowhere."""
    trace.set_tracer_provider(create_tracer_provider())
    return OpenTelemetryPlugin(add_temporal_spans=True)


@every_history
@pytest.mark.parametrize("sandboxed", [True, False], ids=["sandboxed", "unsandboxed"])
async def test_a_recorded_run_goes_on_under_the_present_code(path: Path, sandboxed: bool) -> None:
    await replayer(sandboxed=sandboxed).replay_workflow(history_of(read(path)))


@every_history
@pytest.mark.parametrize("sandboxed", [True, False], ids=["sandboxed", "unsandboxed"])
async def test_a_run_goes_on_when_traces_are_switched_on_meanwhile(
    path: Path, sandboxed: bool, traces: OpenTelemetryPlugin
) -> None:
    await replayer(sandboxed=sandboxed, plugins=[traces]).replay_workflow(history_of(read(path)))


async def test_a_run_whose_steps_the_code_no_longer_takes_is_found_out() -> None:
    """The guard bites: a history with another step does not replay."""
    document = read(FOLDER / "cancelled.json")
    document["events"] = renamed(document["events"], "move_order", "shift_order")
    with pytest.raises(NondeterminismError):
        await replayer(sandboxed=True).replay_workflow(history_of(document))


def test_every_scene_is_recorded() -> None:
    assert {path.stem for path in RECORDED} >= SCENES.keys()


def test_the_happy_path_is_at_most_sixty_events() -> None:
    assert len(read(FOLDER / "confirmed_by_time.json")["events"]) <= 60


@every_history
def test_a_history_holds_no_personal_data_and_names_no_machine(path: Path) -> None:
    texts = list(values(read(path)))
    private = [TAIPEI.name, TAIPEI.phone, TAIPEI.line1, "site-packages", "Traceback", "/home/", "/root/"]
    assert [word for word in private for text in texts if word in text] == []
