"""What lies outside the project and is pretended: the payment provider, and moments at which the network fails."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from ordersaga.domain.payment import PaymentReport, PaymentState
from ordersaga.gateways.payment.provider import PaymentAttempt, ProviderCallback


class FakeProvider:
    """A provider whose cashier nobody sees. `answers` is what it says when an attempt is closed; else it is closed."""

    name = "fake"
    channels = frozenset({"card", "wallet"})

    def __init__(self) -> None:
        self.answers: dict[str, PaymentState | Exception] = {}
        self.closed: Counter[str] = Counter()

    async def open(self, attempt: PaymentAttempt) -> str:
        return f"https://cashier.example/{attempt.payment_id}"

    async def ask(self, payment_id: str) -> PaymentReport:
        raise NotImplementedError(payment_id)

    async def close(self, attempt: PaymentAttempt) -> PaymentReport:
        self.closed[attempt.payment_id] += 1
        answer = self.answers.get(attempt.payment_id, PaymentState.CLOSED)
        if isinstance(answer, Exception):
            raise answer
        return PaymentReport(payment_id=attempt.payment_id, state=answer, amount=attempt.amount)

    def verify(self, headers: Mapping[str, str], body: bytes) -> ProviderCallback:
        raise NotImplementedError


@dataclass
class Outages(Interceptor):
    """Steps of a run at which the network fails: before the step reaches the database, or before its answer returns."""

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
        if self._outages.before[step] > 0:
            self._outages.before[step] -= 1
            raise ConnectionError("the database is away")
        answer = await super().execute_activity(input)
        if self._outages.answers[step] > 0:
            self._outages.answers[step] -= 1
            raise ConnectionError("the answer was lost")
        return answer
