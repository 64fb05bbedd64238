"""Workflow code loads nothing anew for each run but itself: anything else would cost every order (docs/adr)."""

import subprocess
import sys
import warnings
from dataclasses import replace

import pytest
from pydantic import SecretStr
from temporalio import workflow
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import SandboxImportNotificationPolicy, _Definition

from ordersaga.settings import Settings
from worker.main import workflow_runner, workflows

OWN = r"Module workflows\.\w+ was not intentionally passed through"


@workflow.defn
class Careless:
    """A workflow that imports what no run should load."""

    @workflow.run
    async def run(self) -> None:
        return None


def load(definition: type) -> None:
    """As the worker loads it, on its loop; an import that is neither passed through nor its own room's is an error."""
    settings = Settings(
        database_url=SecretStr("postgresql://-"), redis_url=SecretStr("redis://-"), sandboxed_workflows=True
    )
    runner = workflow_runner(settings)
    assert isinstance(runner, SandboxedWorkflowRunner)
    policy = SandboxImportNotificationPolicy.WARN_ON_UNINTENTIONAL_PASSTHROUGH
    strict = replace(runner, restrictions=runner.restrictions.with_import_notification_policy(policy))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=OWN)
        strict.prepare_workflow(_Definition.must_from_class(definition))


@pytest.mark.parametrize("definition", workflows(), ids=lambda definition: definition.__name__)
async def test_a_workflow_imports_rules_contracts_and_its_own_room_only(definition: type) -> None:
    load(definition)


async def test_an_unintended_import_is_found_out() -> None:
    """This very file imports pytest, and so does `Careless` with it."""
    with pytest.raises(UserWarning, match="was not intentionally passed through"):
        load(Careless)


def test_loading_the_workflows_loads_no_database_driver_and_no_web_framework() -> None:
    code = (
        "import sys, workflows.standard, workflows.fulfilment\n"
        "print(*({name.partition('.')[0] for name in sys.modules} & {'sqlalchemy', 'asyncpg', 'fastapi', 'httpx'}))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
    assert result.stdout.strip() == ""
