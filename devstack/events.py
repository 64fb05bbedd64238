"""What a stack tells about itself while it starts, runs and stops."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    STARTING = "starting"
    READY = "ready"
    DIED = "died"
    STOPPING = "stopping"
    STOPPED = "stopped"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Event:
    """`part` is a child's name, or a step such as `migrate`; `detail` is for people and may span lines."""

    part: str
    stage: Stage
    detail: str = ""


Report = Callable[[Event], None]


def unheard(_event: Event) -> None:
    """A report that nobody listens to."""
