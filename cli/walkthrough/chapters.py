"""The scenes of the demo: every module of `cli.walkthrough.scenes` is a chapter. A new one is found by itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

from cli.walkthrough import scenes
from cli.walkthrough.stage import Stage

Play = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scene:
    """`rules` names what of the requirements is shown; `play` raises when it does not go as it must."""

    name: str
    title: str
    rules: str
    play: Play


@dataclass(frozen=True, slots=True)
class Chapter:
    """Chapters are shown by `number`."""

    number: int
    title: str
    scenes: tuple[Scene, ...]


def chapters() -> tuple[Chapter, ...]:
    """The `CHAPTER` of every module of scenes, by number."""
    modules = (import_module(f"{scenes.__name__}.{module.name}") for module in iter_modules(scenes.__path__))
    return tuple(sorted((module.CHAPTER for module in modules), key=lambda chapter: chapter.number))
