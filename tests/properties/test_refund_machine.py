"""Random words of a provider and decisions of operators: late, repeated, contradicting (R-PAY-3, P1, M8, W6)."""

from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.refund import FINAL, RefundState
from ordersaga.domain.money import Money
from ordersaga.domain.payment import Payment, PaymentState
from ordersaga.domain.refund import RefundReport, decide, judge, refund_of

NOW = datetime(2026, 1, 5, tzinfo=UTC)


class RefundLife(RuleBasedStateMachine):
    """One refund, of which any try may be reported at any time with any sum."""

    def __init__(self) -> None:
        super().__init__()
        received = Money(500, "TWD")
        paid = Payment(
            payment_id="pay_1",
            order_no="O1",
            channel="card",
            provider="sandbox",
            amount=Money(400, "TWD"),
            state=PaymentState.UNEXPECTED,
            created_at=NOW,
            received=received,
        )
        found = refund_of(paid, NOW)
        assert found is not None
        self.refund = self.first = found
        self.actions: list[Action] = []

    @rule(
        state=st.sampled_from((RefundState.SENT, RefundState.SUCCEEDED, RefundState.FAILED)),
        tries=st.integers(1, 4),
        amount=st.sampled_from((500, 500, 499)),
    )
    def something_is_reported(self, state: RefundState, tries: int, amount: int) -> None:
        report = RefundReport(
            reference=f"{self.refund.refund_no}.{tries}",
            payment_id="pay_1",
            state=state,
            amount=Money(amount, "TWD"),
        )
        before = self.refund
        judged = judge(before, report, NOW)
        if judged is None:
            return
        action, self.refund = judged
        self.actions.append(action)
        assert self.refund != before
        assert tries == before.tries or state is RefundState.SUCCEEDED
        if self.refund.state is RefundState.SUCCEEDED:
            assert amount == 500
        assert judge(self.refund, report, NOW) is None, "the same word again changes nothing"

    @rule(action=st.sampled_from((Action.RETRY_REFUND, Action.SETTLE_REFUND)))
    def an_operator_decides(self, action: Action) -> None:
        failed = self.refund.state is RefundState.FAILED
        try:
            self.refund = decide(self.refund, action, NOW)
        except ActionNotAllowed:
            assert not failed
        else:
            assert failed
            self.actions.append(action)

    @precondition(lambda self: self.refund.state in FINAL)
    @rule()
    def it_has_ended(self) -> None:
        ends = (Action.COMPLETE_REFUND, Action.SETTLE_REFUND)
        assert sum(self.actions.count(action) for action in ends) == 1

    @invariant()
    def what_it_is_about_never_changes(self) -> None:
        for name in ("refund_no", "source_document", "payment_id", "amount", "reason", "requested_at"):
            assert getattr(self.refund, name) == getattr(self.first, name)

    @invariant()
    def tries_count_the_retries(self) -> None:
        assert self.refund.tries == 1 + self.actions.count(Action.RETRY_REFUND)


TestRefundLife = RefundLife.TestCase
