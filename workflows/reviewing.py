"""Reviewing: an order that risk control holds waits for an operator, and not for ever (R-STK-4)."""

from dataclasses import replace
from datetime import timedelta

from temporalio import workflow

from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.messages import DECIDE_RISK, ActedBy, OrderStart, RiskDecision, StateReached
from ordersaga.domain.notifications import Notification
from ordersaga.domain.pricing.restoration import Undoing
from workflows.paying import CANCELLED, Paying
from workflows.run import SYSTEM, refusal

_HOW = (
    'For operators: `{"decision": "approve"|"reject", "by": {"role": "operator", "subject": "<your name>", '
    '"reason": "<your note>"}}`.'
)


class Reviewing(Paying):
    """What the order holds it keeps meanwhile; the time to pay begins with the approval."""

    def __init__(self, start: OrderStart) -> None:
        super().__init__(start)
        self._decision: RiskDecision | None = None
        self._decided_by: RiskDecision | None = None
        self._reviewed = False

    @workflow.update(name=DECIDE_RISK, description=f"Let the order go on, or refuse it. {_HOW}")
    async def decide_risk(self, decision: RiskDecision) -> StateReached:
        self._decision = decision
        await workflow.wait_condition(lambda: self._reviewed)
        if self._decided_by is not decision:
            raise refusal("a cancel or the deadline came first", action=DECIDE_RISK, state=self.state)
        return StateReached(state=self.state)

    @decide_risk.validator
    def _decide_risk_is_allowed(self, decision: RiskDecision) -> None:
        action = decision.action
        if action is None:
            raise refusal(f"a decision is to approve or to reject, not {decision.decision!r}", action=DECIDE_RISK)
        self.require(action, decision.by)
        if self._decision is not None:
            raise refusal("it is decided already", action=DECIDE_RISK, state=self.state)
        if not decision.by.subject or not (decision.by.reason or decision.by.note):
            raise refusal("a decision names its operator, and says why", action=DECIDE_RISK)

    async def cleared(self) -> bool:
        """Whether the order may be paid for; if not, everything that it held has been given back."""
        if self.start.under_review:
            await self._review()
            self._reviewed = True
        return not self._given_up()

    async def _review(self) -> None:
        deadline = self.due_in(self.recorded.policies.review_seconds)
        self.tell(f"an operator to `{DECIDE_RISK}` until {deadline.isoformat()}")
        try:
            await workflow.wait_condition(
                lambda: self._decision is not None or self._cancel_wanted is not None,
                timeout=max(deadline - workflow.now(), timedelta(milliseconds=1)),
                timeout_summary="Review deadline",
            )
        except TimeoutError:
            await self.is_written_down()
            await self._refuse_for_risk(Action.REACH_REVIEW_DEADLINE, SYSTEM)
            return
        decision, cancelled_by = self._decision, self._cancel_wanted
        await self.is_written_down()
        if decision is not None:
            self._decided_by = decision
            await self._obey(decision)
        elif cancelled_by is not None:
            await self._close(CANCELLED, cancelled_by)
            self._cancel_wanted = None

    async def _obey(self, decision: RiskDecision) -> None:
        by = _author(decision)
        if decision.action is Action.REJECT_RISK:
            await self._refuse_for_risk(Action.REJECT_RISK, by)
            return
        self.payment_due_at = self.due_in(self.recorded.policies.payment_seconds)
        await self.move(
            Action.APPROVE_RISK, by, notify=Notification.REVIEW_APPROVED, payment_due_at=self.payment_due_at
        )

    async def _refuse_for_risk(self, action: Action, by: ActedBy) -> None:
        await self.give_back(Undoing.REFUSED)
        await self.move(action, by, notify=Notification.REVIEW_REFUSED)
        self._cancel_wanted = None


def _author(decision: RiskDecision) -> ActedBy:
    """The API keeps notes in the database; who writes one here has come through Temporal."""
    return decision.by if decision.by.note is not None else replace(decision.by, channel="temporal_ui")
