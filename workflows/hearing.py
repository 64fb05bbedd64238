"""Hearing: what people say of an after-sales case is refused before it is acted on where nobody could act on it.

An activity that cannot read what was said is tried for ever, and nobody else would get their turn (R-REV-7).
"""

from temporalio.exceptions import ApplicationError

from ordersaga.domain.after_sales.commands import DECISIONS, OF_THE_RUN, Command
from ordersaga.domain.after_sales.details import flaw
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import ActedBy, CaseCommand, CaseDecision

_PEOPLE = frozenset(Actor) - {Actor.SYSTEM}
_COMMANDS = frozenset(Command) - OF_THE_RUN - DECISIONS


def require_decision(decision: CaseDecision) -> None:
    """Raises `ApplicationError` for what is no decision, or names no author and no reason."""
    _require_person(decision.by)
    if decision.decision not in DECISIONS:
        raise _invalid(f"a decision is one of {', '.join(sorted(DECISIONS))}")
    if not (decision.by.reason or decision.by.note):
        raise _invalid("a decision says why")


def require_command(command: CaseCommand) -> None:
    """Raises `ApplicationError` for what only the run may say, and for what nobody understands."""
    _require_person(command.by)
    if command.command not in _COMMANDS:
        raise _invalid(f"what can be said is one of {', '.join(sorted(_COMMANDS))}")
    if why := flaw(Command(command.command), command.details):
        raise _invalid(why)


def _require_person(by: ActedBy) -> None:
    if by.role not in _PEOPLE or not by.subject:
        raise _invalid(f"who acts has a name, and is one of {', '.join(sorted(_PEOPLE))}")


def _invalid(message: str) -> ApplicationError:
    return ApplicationError(message, type="request_invalid", non_retryable=True)
