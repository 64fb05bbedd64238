"""`ordersaga replay-outbox`: events again, to a webhook endpoint or into the Redis stream (R-ORD-3)."""

import asyncio
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.client import ApiProblem, ApiUnreachable, Caller, JsonObject
from cli.connection import ApiOption, Connection, DataDirOption, connect_or_exit

_BETWEEN_LOOKS = 0.25
_STREAM = "/v1/admin/event-stream"


class ReplayStuck(Exception):
    """The stream did not get on."""


def replay_outbox(
    after: Annotated[int, typer.Option(min=0, help="The position behind which to begin; 0 is the first event.")],
    endpoint: Annotated[str | None, typer.Option(metavar="ID", help="The webhook endpoint to send them to.")] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Empty the Redis stream and fill it again.")] = False,
    until: Annotated[int | None, typer.Option(min=0, help="The last position; the last event if not given.")] = None,
    patience: Annotated[float, typer.Option(min=1, help="Give up when nothing got on for so many seconds.")] = 30.0,
    data_dir: DataDirOption = None,
    api: ApiOption = None,
) -> None:
    """Send events again, in their order and with the ids that they had.

    Webhooks are queued, and delivered beside what is new. The stream is filled as far back as its length reaches;
    consumer groups stay where they were.
    """
    if (endpoint is None) is not stream:
        raise typer.BadParameter("name either --endpoint or --stream")
    if stream and until is not None:
        raise typer.BadParameter("the stream always goes to the last event", param_hint="--until")
    connection = connect_or_exit(data_dir, api)
    console = Console()
    try:
        asyncio.run(_replay(console, connection, endpoint, after, until, patience))
    except (ApiProblem, ApiUnreachable, ReplayStuck) as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error


async def _replay(
    console: Console, connection: Connection, endpoint: str | None, after: int, until: int | None, patience: float
) -> None:
    async with connection.api() as api:
        operator = api.operator("replay-outbox")
        bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
        )
        with bar:
            if endpoint is None:
                said = await _to_stream(operator, bar, after, patience)
            else:
                said = await _to_endpoint(operator, bar, endpoint, after, until)
    console.print(said)


async def _to_endpoint(operator: Caller, bar: Progress, endpoint: str, after: int, until: int | None) -> str:
    head = int((await operator.get(_STREAM))["head"])
    goal = head if until is None else min(until, head)
    shown = bar.add_task("queued up to", total=max(goal, after), completed=after)
    queued, more = 0, True
    while more:
        body: JsonObject = {"after": after, "until": goal}
        part = await operator.post(f"/v1/admin/webhook-endpoints/{endpoint}/replay", body)
        queued, after, more = queued + int(part["queued"]), int(part["until"]), bool(part["more"])
        bar.update(shown, completed=after)
    return f"{queued} events are queued for {endpoint}."


async def _to_stream(operator: Caller, bar: Progress, after: int, patience: float) -> str:
    state = await operator.post(f"{_STREAM}/rebuild", {"after": after})
    goal, reached, moved_at = int(state["head"]), -1, time.monotonic()
    shown = bar.add_task("streamed up to", total=max(goal, 1))
    while reached < goal:
        state = await operator.get(_STREAM)
        if int(state["last_position"]) != reached:
            reached, moved_at = int(state["last_position"]), time.monotonic()
        elif time.monotonic() - moved_at > patience:
            raise ReplayStuck(f"the stream is at {reached} of {goal} and does not get on: does a worker run?")
        bar.update(shown, completed=min(reached, goal))
        await asyncio.sleep(_BETWEEN_LOOKS)
    return f"{state['key']} holds {state['length']} events, up to position {reached}."
