"""All scenes at once, told one after the other."""

import asyncio
import time
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from cli.client import Api, ApiProblem, ApiUnreachable
from cli.walkthrough.chapters import Chapter, Scene
from cli.walkthrough.stage import SceneFailed, Stage
from devstack.ready import Addresses

_LONGEST_SCENE = 120.0


@dataclass(frozen=True, slots=True)
class Played:
    """How a scene ended; `failure` is `None` when all went as it must."""

    scene: Scene
    seconds: float
    failure: str | None


async def perform(console: Console, api: Api, addresses: Addresses, chapters: tuple[Chapter, ...]) -> list[Played]:
    """Play every scene at the same time, and print each as it goes once those before it have been told."""
    stages = {scene: Stage(api, addresses, scene.name) for chapter in chapters for scene in chapter.scenes}
    playing = {scene: asyncio.create_task(_play(scene, stage)) for scene, stage in stages.items()}
    try:
        for chapter in chapters:
            console.print()
            console.rule(Text(f"{chapter.number}  {chapter.title}", style="bold"), align="left")
            for scene in chapter.scenes:
                console.print(Text.assemble(("\n" + scene.title, "bold"), (f"   {scene.rules}", "dim")))
                await _tell(console, stages[scene].page)
        return list(await asyncio.gather(*playing.values()))
    finally:
        for task in playing.values():
            task.cancel()


async def _tell(console: Console, page: asyncio.Queue[RenderableType | None]) -> None:
    while (shown := await page.get()) is not None:
        console.print(shown)


async def _play(scene: Scene, stage: Stage) -> Played:
    began = time.monotonic()
    failure = None
    try:
        async with asyncio.timeout(_LONGEST_SCENE):
            await scene.play(stage)
    except (SceneFailed, ApiProblem, ApiUnreachable, TimeoutError) as error:
        failure = str(error) or type(error).__name__
    except (KeyError, TypeError, IndexError, ValueError) as error:
        # An answer that is not in the form of the contract is the shop's failure, not the demo's end.
        failure = f"an answer was not understood: {error!r}"
    if failure is not None:
        stage.page.put_nowait(Padding(Text(f"✗ {failure}", style="bold red"), (0, 0, 0, 2)))
    stage.page.put_nowait(None)
    return Played(scene, time.monotonic() - began, failure)
