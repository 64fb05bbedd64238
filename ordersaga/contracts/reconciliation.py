"""What the reconciliation's run asks for: which checks there are, and each of them (P9)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime

from temporalio import activity


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChecks:
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAt:
    """One check. `since` is how far back a provider's statement is read, if not as the settings say."""

    check: str
    at: datetime
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Counts alone: by kind, what was found; how many of them are `fresh`, and how many others are `gone`."""

    found: dict[str, int] = field(default_factory=dict)
    fresh: int = 0
    gone: int = 0
    complete: bool = True


class ReconciliationActivities(ABC):
    """Nothing but items is written; looking again finds the same."""

    @activity.defn(name="list_checks")
    @abstractmethod
    async def checks(self, request: ListChecks) -> Checks:
        """Which checks there are: the books, the runs, each provider."""

    @activity.defn(name="look")
    @abstractmethod
    async def look(self, request: LookAt) -> Looked:
        """Compare, and keep what differs as items. It may take minutes, and beats its heart meanwhile."""
