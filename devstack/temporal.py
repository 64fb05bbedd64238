"""The Temporal server with its UI, its state in an SQLite file of the data folder.

With SQLite's own defaults (a rollback journal, a sync per commit) the server is three times slower than with a
write-ahead log and `synchronous=normal`: 69 against 220 starts with a signal per second, at 13.6 against 5.9 ms of
CPU each. A SIGKILL loses nothing either way; a power cut may lose the last moments, and never breaks the file.
"""

from datetime import timedelta
from pathlib import Path

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.client import Client

from devstack.binaries import temporal_binary
from devstack.environment import inherited
from devstack.folder import DataFolder, write_atomically
from devstack.ports import LOOPBACK, Ports, ensure_listens
from devstack.processes import Program

NAMESPACE = "default"
PORTS = ("temporal", "temporal_ui", "temporal_http", "temporal_metrics")

_CALL_SECONDS = timedelta(seconds=4)
# A run whose task failed twice in a row can be searched for; else only after more failures, minutes later.
_PROBLEMS_REPORTED = ("--dynamic-config-value", "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2")
_TIME_SKIPPING = ("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true")


def temporal_program(folder: DataFolder, ports: Ports, *, time_skipping: bool) -> Program:
    address = temporal_address(ports)
    profile = f'[profile.default]\naddress = "{address}"\nnamespace = "{NAMESPACE}"\n'
    write_atomically(client_configuration(folder), profile)

    async def probe(pid: int) -> None:
        await describe_namespace(address)
        ensure_listens(pid, ports["temporal"])

    return Program(
        name="temporal",
        command=(
            *(str(temporal_binary()), "server", "start-dev", "--namespace", NAMESPACE),
            *("--ip", LOOPBACK, "--port", str(ports["temporal"]), "--ui-port", str(ports["temporal_ui"])),
            *("--http-port", str(ports["temporal_http"]), "--metrics-port", str(ports["temporal_metrics"])),
            *("--db-filename", str(folder.temporal / "temporal.db")),
            *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"),
            *("--log-level", "warn", "--color", "never", "--ui-disable-news-fetch"),
            *("--disable-config-file", "--disable-config-env"),
            *_PROBLEMS_REPORTED,
            *(_TIME_SKIPPING if time_skipping else ()),
        ),
        environment=inherited(),
        log=folder.log_of("temporal"),
        probe=probe,
        where=f"{address}, UI {temporal_ui(ports)}",
        stop_seconds=15.0,
        cwd=folder.temporal,
    )


def client_configuration(folder: DataFolder) -> Path:
    """A file for `TEMPORAL_CONFIG_FILE`: it keeps the user's own Temporal profile, and its keys, out of the way."""
    return folder.temporal / "client.toml"


def temporal_address(ports: Ports) -> str:
    return f"{LOOPBACK}:{ports['temporal']}"


def temporal_ui(ports: Ports) -> str:
    return f"http://{LOOPBACK}:{ports['temporal_ui']}"


async def describe_namespace(address: str, namespace: str = NAMESPACE) -> None:
    """Returns when the namespace answers, and raises otherwise."""
    client = await Client.connect(address, namespace=namespace)
    request = DescribeNamespaceRequest(namespace=namespace)
    await client.workflow_service.describe_namespace(request, timeout=_CALL_SECONDS)


async def pollers(address: str, task_queue: str, namespace: str = NAMESPACE) -> list[str]:
    """The identities that poll the queue for workflow tasks; an SDK's default identity is `<pid>@<host>`."""
    client = await Client.connect(address, namespace=namespace)
    request = DescribeTaskQueueRequest(
        namespace=namespace,
        task_queue=TaskQueue(name=task_queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    answer = await client.workflow_service.describe_task_queue(request, timeout=_CALL_SECONDS)
    return [poller.identity for poller in answer.pollers]
