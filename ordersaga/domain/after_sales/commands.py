"""What people and timers say of a case, and which row of its table they mean (R-REV-7)."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from ordersaga.domain.after_sales.case import Case, Kind
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.after_sales import INITIAL, CaseAction, CaseState
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.policies import Policies


class Command(StrEnum):
    """`TIME_IS_OVER`, `REFUNDS_ARE_DONE`, `REPLACEMENT_IS_PLACED` and `RUN_SHORT` (it was refused) are the run's own.

    `ASK_TO_STOP`, and `RUN_SHORT` elsewhere, nobody says: a stop and an approval come to that, by parcels and shelves.
    `STOP` asks for the parcels of a cancellation to be stopped: by the run at first, by the warehouse that agrees.
    """

    APPROVE = "approve"
    REJECT = "reject"
    STOP = "stop"
    ASK_TO_STOP = "ask_to_stop"
    REFUSE_TO_STOP = "refuse_to_stop"
    SHIP_BACK = "ship_back"
    RECEIVE = "receive"
    ACCEPT = "accept"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    ESCALATE = "escalate"
    CONSENT = "consent"
    RUN_SHORT = "run_short"
    TIME_IS_OVER = "time_is_over"
    REFUNDS_ARE_DONE = "refunds_are_done"
    REPLACEMENT_IS_PLACED = "replacement_is_placed"


OF_THE_RUN = frozenset(
    {
        Command.ASK_TO_STOP,
        Command.RUN_SHORT,
        Command.TIME_IS_OVER,
        Command.REFUNDS_ARE_DONE,
        Command.REPLACEMENT_IS_PLACED,
    }
)
"""What nobody but the case's run may say."""
DECISIONS = frozenset({Command.APPROVE, Command.REJECT})
"""What reviewers say, and operators of an escalated case."""


def action_of(case: Case, command: Command) -> CaseAction:
    """The action that `command` means for this case as it stands. Raises `ActionNotAllowed`."""
    found = _BY_STATE.get((command, case.state)) or _ALWAYS.get(command)
    if found is None:
        found = _BY_KIND.get((command, case.state, case.kind))
    if command is Command.APPROVE and case.state is CaseState.ESCALATED:
        found = _resolution(case)
    if case.state is CaseState.AWAITING_CONSENT and case.goods_left_buyer:
        found = _AFTER_ALL.get(command)
    if found is None:
        raise ActionNotAllowed(
            f"{command} is not possible while a {case.kind} is {case.state}", action=command, state=case.state
        )
    return found


def why_not(case: Case, command: Command, actor: Actor) -> str:
    """Why `actor` cannot say this of the case now; nothing if they can."""
    try:
        case.machine.next(case.state, action_of(case, command), actor)
    except ActionNotAllowed as refused:
        return refused.message
    return ""


def commands_of(case: Case, actor: Actor) -> tuple[Command, ...]:
    """What `actor` may ever say of such a case, in whatever state."""
    standings = [replace(case, state=CaseState(state)) for state in _reachable(case)]
    return tuple(
        command
        for command in Command
        if command not in OF_THE_RUN and not all(why_not(standing, command, actor) for standing in standings)
    )


def _reachable(case: Case) -> set[str]:
    """The states that a case of this kind may ever be in."""
    found, fresh = {str(INITIAL)}, {str(INITIAL)}
    while fresh:
        fresh = {reached for state in fresh for reached in _next(replace(case, state=CaseState(state)))} - found
        found |= fresh
    return found


def _next(case: Case) -> set[str]:
    actions = set()
    for command in Command:
        with suppress(ActionNotAllowed):
            actions.add(action_of(case, command))
    return {row.next for row in case.machine.rows if row.current == case.state and row.action in actions}


def _resolution(case: Case) -> CaseAction:
    """What an operator's approval means: goods that their buyer still has are to be sent back first."""
    if case.kind in (Kind.REFUND, Kind.CANCELLATION):
        return CaseAction.RESOLVE_REFUND
    if not case.goods_left_buyer:
        return CaseAction.RESOLVE_RETURN
    return CaseAction.RESOLVE_EXCHANGE if case.kind is Kind.EXCHANGE else CaseAction.RESOLVE_REFUND


_ALWAYS = {
    Command.SHIP_BACK: CaseAction.SHIP_BACK,
    Command.RECEIVE: CaseAction.RECEIVE_GOODS,
    Command.REFUSE: CaseAction.REFUSE_GOODS,
    Command.WITHDRAW: CaseAction.WITHDRAW,
    Command.ESCALATE: CaseAction.ESCALATE,
    Command.REFUNDS_ARE_DONE: CaseAction.FINISH_CASE_REFUND,
    Command.REPLACEMENT_IS_PLACED: CaseAction.PLACE_REPLACEMENT,
}
_BY_STATE = {
    (Command.REJECT, CaseState.ESCALATED): CaseAction.RESOLVE_REJECTION,
    (Command.STOP, CaseState.STOPPING): CaseAction.STOP_PARCELS,
    (Command.REFUSE_TO_STOP, CaseState.STOPPING): CaseAction.REFUSE_TO_STOP,
    (Command.TIME_IS_OVER, CaseState.STOPPING): CaseAction.REFUSE_TO_STOP,
    (Command.TIME_IS_OVER, CaseState.AWAITING_RETURN): CaseAction.MISS_RETURN,
    (Command.TIME_IS_OVER, CaseState.RETURNING): CaseAction.ESCALATE,
    (Command.TIME_IS_OVER, CaseState.INSPECTING): CaseAction.ESCALATE,
    (Command.TIME_IS_OVER, CaseState.REJECTED): CaseAction.LET_REST,
    (Command.CONSENT, CaseState.AWAITING_CONSENT): CaseAction.CONSENT_TO_RETURN,
    (Command.TIME_IS_OVER, CaseState.AWAITING_CONSENT): CaseAction.MISS_CONSENT,
}
# Whoever sent the goods back, and cannot have the replacement, has their money, be it that they say nothing.
_AFTER_ALL = {
    Command.CONSENT: CaseAction.CONSENT_TO_REFUND,
    Command.TIME_IS_OVER: CaseAction.CONSENT_TO_REFUND,
}
_APPROVALS = {
    Kind.REFUND: CaseAction.APPROVE_REFUND,
    Kind.RETURN: CaseAction.APPROVE_RETURN,
    Kind.EXCHANGE: CaseAction.APPROVE_RETURN,
}
_BY_KIND = {
    (Command.STOP, CaseState.REQUESTED, Kind.CANCELLATION): CaseAction.STOP_PARCELS,
    (Command.ASK_TO_STOP, CaseState.REQUESTED, Kind.CANCELLATION): CaseAction.ASK_TO_STOP,
    **{
        (Command.RUN_SHORT, state, Kind.EXCHANGE): CaseAction.RUN_SHORT
        for state in (CaseState.REQUESTED, CaseState.REPLACING, CaseState.ESCALATED)
    },
    **{(Command.APPROVE, CaseState.REQUESTED, kind): action for kind, action in _APPROVALS.items()},
    **{(Command.REJECT, CaseState.REQUESTED, kind): CaseAction.REJECT_CLAIM for kind in _APPROVALS},
    **{(Command.TIME_IS_OVER, CaseState.REQUESTED, kind): action for kind, action in _APPROVALS.items()},
    **{
        (Command.ACCEPT, state, kind): action
        for state in (CaseState.RETURNING, CaseState.INSPECTING)
        for kind, action in (
            (Kind.RETURN, CaseAction.ACCEPT_FOR_REFUND),
            (Kind.CANCELLATION, CaseAction.ACCEPT_FOR_REFUND),
            (Kind.EXCHANGE, CaseAction.ACCEPT_FOR_EXCHANGE),
        )
    },
}


def patience(state: CaseState, policies: Policies) -> timedelta | None:
    """How long a case stays in a state at the most; `None` where nobody's silence decides."""
    seconds = {
        CaseState.REQUESTED: policies.claim_review_seconds,
        CaseState.STOPPING: policies.stop_seconds,
        CaseState.AWAITING_RETURN: policies.return_seconds,
        CaseState.RETURNING: policies.return_transit_seconds,
        CaseState.INSPECTING: policies.inspection_seconds,
        CaseState.REJECTED: policies.escalation_seconds,
        CaseState.AWAITING_CONSENT: policies.consent_seconds,
    }.get(state)
    return None if seconds is None else timedelta(seconds=seconds)
