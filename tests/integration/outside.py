"""What lies outside the project and is pretended: the payment provider, and moments at which the network fails."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from ordersaga.domain.lifecycle.refund import RefundState
from ordersaga.domain.payment import PaymentReport, PaymentState
from ordersaga.domain.refund import RefundReport
from ordersaga.gateways.payment.provider import (
    PaymentAttempt,
    ProviderCallback,
    RefundOrder,
    StatementLine,
    StatementPage,
)
from tests.goods import twd


@dataclass
class FakeProvider:
    """A provider whose cashier nobody sees.

    `answers` is what it says when an attempt is closed (else it is), `told` when it is asked about one (else it is
    open). `refusals` are what it does the next times that it is to pay a payment back, in turn: an error after it has
    taken the order, or a state; else it takes it and says so. `ends` is what it says when it is asked about a refund.
    """

    name: str = "fake"
    channels: frozenset[str] = frozenset({"card", "wallet"})
    answers: dict[str, PaymentState | Exception] = field(default_factory=dict)
    told: dict[str, PaymentState | Exception] = field(default_factory=dict)
    refusals: defaultdict[str, list[RefundState | Exception]] = field(default_factory=lambda: defaultdict(list))
    ends: dict[str, RefundState | Exception] = field(default_factory=dict)
    closed: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    refunds: defaultdict[str, dict[str, RefundOrder]] = field(default_factory=lambda: defaultdict(dict))
    lines: list[StatementLine] = field(default_factory=list)
    """Its statement, which is told two lines at a time."""
    silence: asyncio.Event | None = None
    """While it is there and not set, questions get no answer."""
    asked_at_once: int = 0
    most_asked_at_once: int = 0

    async def open(self, attempt: PaymentAttempt) -> str:
        return f"https://cashier.example/{attempt.payment_id}"

    async def ask(self, payment_id: str) -> PaymentReport:
        self.asked[payment_id] += 1
        if self.silence is not None:
            await self._keep_silent(self.silence)
        answer = self.told.get(payment_id, PaymentState.OPEN)
        if isinstance(answer, Exception):
            raise answer
        return PaymentReport(payment_id=payment_id, state=answer, amount=twd(16_000))

    async def _keep_silent(self, silence: asyncio.Event) -> None:
        self.asked_at_once += 1
        self.most_asked_at_once = max(self.asked_at_once, self.most_asked_at_once)
        try:
            await silence.wait()
        finally:
            self.asked_at_once -= 1

    async def refund(self, refund: RefundOrder) -> RefundReport:
        self.refunds[refund.payment_id][refund.reference] = refund
        refusals = self.refusals[refund.payment_id]
        answer = refusals.pop(0) if refusals else RefundState.SENT
        if isinstance(answer, Exception):
            raise answer
        return _refunded(refund, answer)

    async def ask_refund(self, reference: str) -> RefundReport:
        self.asked[reference] += 1
        answer = self.ends.get(reference, RefundState.SENT)
        if isinstance(answer, Exception):
            raise answer
        return _refunded(self._refund(reference), answer)

    def _refund(self, reference: str) -> RefundOrder:
        return next(refunds[reference] for refunds in self.refunds.values() if reference in refunds)

    async def close(self, attempt: PaymentAttempt) -> PaymentReport:
        self.closed[attempt.payment_id] += 1
        answer = self.answers.get(attempt.payment_id, PaymentState.CLOSED)
        if isinstance(answer, Exception):
            raise answer
        return PaymentReport(payment_id=attempt.payment_id, state=answer, amount=attempt.amount)

    async def statement(self, since: datetime, until: datetime, cursor: str | None = None) -> StatementPage:
        begin = int(cursor or 0)
        told = sorted((line for line in self.lines if since <= line.at < until), key=lambda line: line.at)
        return StatementPage(
            lines=tuple(told[begin : begin + 2]), cursor=str(begin + 2) if len(told) > begin + 2 else None
        )

    def verify(self, headers: Mapping[str, str], body: bytes) -> ProviderCallback:
        raise NotImplementedError


def _refunded(refund: RefundOrder, state: RefundState) -> RefundReport:
    return RefundReport(
        reference=refund.reference,
        payment_id=refund.payment_id,
        state=state,
        amount=refund.amount,
        failure="account_closed" if state is RefundState.FAILED else None,
    )


@dataclass
class Outages(Interceptor):
    """Steps of a run at which the network fails: before the step reaches the database, or before its answer returns.

    One that is `hung` gets no answer at all, and ends with the patience of whoever asked.
    """

    hung: Counter[tuple[str, str]] = field(default_factory=Counter)
    before: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    tried: defaultdict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        return _Failing(next, self)


class _Failing(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, outages: Outages) -> None:  # noqa: A002 - the SDK's name
        super().__init__(next)
        self._outages = outages

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        info = activity.info()
        step = info.workflow_id or "", info.activity_type
        self._outages.tried[step].append("local" if info.is_local else "regular")
        if self._outages.hung[step] > 0:
            self._outages.hung[step] -= 1
            await asyncio.Event().wait()
        if self._outages.before[step] > 0:
            self._outages.before[step] -= 1
            raise ConnectionError("the database is away")
        answer = await super().execute_activity(input)
        if self._outages.answers[step] > 0:
            self._outages.answers[step] -= 1
            raise ConnectionError("the answer was lost")
        return answer
