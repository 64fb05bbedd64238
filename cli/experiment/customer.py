"""A customer who does what was wished, through the public API only, and tries again like a real client."""

import asyncio
import contextlib
from datetime import UTC, datetime

from cli.client import Api, ApiProblem, ApiUnreachable, Caller, JsonObject
from cli.experiment.clerk import carelessly
from cli.experiment.journal import Journal, Submission
from cli.experiment.watch import FINAL, Watch
from cli.experiment.wishes import Paying, Regret, Saving, Submitting, Wish
from cli.purchase import attempt, goods, preview
from ordersaga.domain.lifecycle.states import State

ADDRESS: JsonObject = {
    "name": "Chao Wen",
    "phone": "+886 2 5550 0100",
    "line1": "1 Minsheng Road",
    "city": "Taipei",
    "region": "Taipei",
    "postal_code": "105",
    "country": "TW",
}
_TOO_LATE = frozenset({"action_not_allowed"})
_NOT_ANY_MORE = _TOO_LATE | {"units_not_claimable", "after_sales_window_closed"}
_CLAIM: JsonObject = {"kind": "refund", "lines": [{"line_no": 1, "quantity": 1}], "reason": "defective"}
_CASHIER_REFUSES = frozenset(
    {"payment_already_paid", "payment_failed", "payment_closed", "payment_expired", "action_not_allowed"}
)
_HANGS_UP_AFTER = 0.05


class Customer:
    def __init__(self, api: Api, wish: Wish, journal: Journal, watch: Watch, *, mark: str) -> None:
        self._api, self._wish, self._journal, self._watch = api, wish, journal, watch
        self._mark = mark
        self._buyer: Caller = api.buyer(f"{mark}-{wish.buyer}")

    async def visit(self) -> None:
        """Everything that this customer does. What the shop must not answer is noted in the journal."""
        try:
            order_no = await self._submit()
            if order_no is None:
                return
            if self._wish.changes_receiver:
                await self._change_receiver(order_no)
            await self._dawdle()
            await self._pay(order_no)
            await self._follow(order_no)
        except ApiProblem as problem:
            self._note(f"visit {self._wish.number}", problem, frozenset())
        except ApiUnreachable as error:
            self._journal.failures.append((f"visit {self._wish.number}", f"no answer in all that time: {error}"))

    async def _submit(self) -> str | None:
        """The order's number, or `None` when there is no order to go on with."""
        wish = self._wish
        match wish.submitting:
            case Submitting.ONCE:
                return await self._send(await self._preview("k"))
            case Submitting.REPEATED:
                submission = await self._preview("k")
                answers = await asyncio.gather(*(self._send(submission) for _ in range(3)))
                return answers[0]
            case Submitting.TWINS:
                twins = [await self._preview("a"), await self._preview("b")]
                answers = await asyncio.gather(*(self._send(twin) for twin in twins))
                return next((answer for answer in answers if answer is not None), None)
            case Submitting.UNHEARD:
                submission = await self._preview("k")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_HANGS_UP_AFTER):
                        await self._send(submission)
                return None

    async def _preview(self, name: str) -> Submission:
        wish = self._wish
        choice: JsonObject = {"points": wish.points}
        if wish.saving in (Saving.NOTHING, Saving.POINTS):
            choice["coupon_codes"] = []
        quote = await preview(self._buyer, goods(*wish.cart), ADDRESS, **choice)
        key = f"{self._mark}-{self._wish.number}-{name}"
        return self._journal.submits(Submission(buyer=self._buyer.subject, quote_token=quote["quote_token"], key=key))

    async def _send(self, submission: Submission) -> str | None:
        answer = await self._buyer.ask(
            "POST", "/v1/orders", {"quote_token": submission.quote_token}, key=submission.key
        )
        self._journal.hears(submission, answer)
        return submission.order_no

    async def _change_receiver(self, order_no: str) -> None:
        try:
            await self._buyer.patch(f"/v1/orders/{order_no}/receiver", {"phone": "+886 2 5550 0199"})
        except ApiProblem as problem:
            self._note(order_no, problem, _TOO_LATE)

    async def _pay(self, order_no: str) -> None:
        wish = self._wish
        match wish.paying:
            case Paying.NEVER:
                return
            case Paying.AT_ONCE:
                await self._attempt(order_no)
            case Paying.AFTER_FAILURE:
                await self._attempt(order_no, outcome="fail")
                await self._dawdle()
                await self._attempt(order_no, channel=1)
            case Paying.AT_DEADLINE:
                payment = await self._open(order_no)
                if payment is not None:
                    due_at = datetime.fromisoformat(payment["payment_due_at"])
                    await asyncio.sleep(max(0.0, (due_at - datetime.now(UTC)).total_seconds() - 0.3))
                    await self._at_cashier(order_no, payment)
            case Paying.CANCELS:
                await self._cancel(order_no)
            case Paying.CANCELS_WHILE_PAYING:
                await asyncio.gather(self._attempt(order_no), self._cancel(order_no))
            case Paying.TOO_LATE:
                payment = await self._open(order_no)
                await self._watch.reached(order_no, FINAL)
                if payment is not None:
                    await self._at_cashier(order_no, payment)
            case Paying.TWICE:
                await asyncio.gather(self._attempt(order_no), self._attempt(order_no, channel=1))
            case Paying.WRONG_AMOUNT:
                await self._attempt(order_no, short_by=100)
                await self._dawdle()
                await self._attempt(order_no, channel=1)

    async def _attempt(self, order_no: str, *, channel: int = 0, outcome: str = "succeed", short_by: int = 0) -> None:
        payment = await self._open(order_no, channel=channel)
        if payment is not None:
            await self._at_cashier(order_no, payment, outcome=outcome, short_by=short_by)

    async def _open(self, order_no: str, *, channel: int = 0) -> JsonObject | None:
        """A payment attempt; `None` when the time to pay is over."""
        key = f"{self._mark}-{self._wish.number}-pay-{channel}"
        try:
            return await attempt(self._buyer, order_no, self._wish.channels[channel], key=key)
        except ApiProblem as problem:
            self._note(order_no, problem, _TOO_LATE)
            return None

    async def _at_cashier(
        self, order_no: str, payment: JsonObject, *, outcome: str = "succeed", short_by: int = 0
    ) -> None:
        wish = self._wish
        act: JsonObject = {"outcome": outcome, "times": wish.callbacks, "delay_s": wish.callback_delay}
        if short_by:
            act["amount"] = payment["amount"]["amount"] - short_by
        try:
            await self._api.nobody().post(f"{payment['cashier_url']}/simulate", act)
        except ApiProblem as problem:
            self._note(order_no, problem, _CASHIER_REFUSES)

    async def _cancel(self, order_no: str) -> None:
        try:
            await self._buyer.post(f"/v1/orders/{order_no}/cancel", {}, key=f"{self._mark}-{self._wish.number}-cancel")
        except ApiProblem as problem:
            self._note(order_no, problem, _TOO_LATE)

    async def _follow(self, order_no: str) -> None:
        """Parcels that a careless clerk reports on, and a receipt that the buyer confirms."""
        if self._wish.careless_clerk:
            await self._watch.reached(order_no, frozenset({State.IN_PRODUCTION}))
            await carelessly(self._api, order_no, seed=self._wish.number)
        await self._regret(order_no)
        if self._wish.confirms_receipt:
            state = await self._watch.reached(order_no, frozenset({State.DELIVERED, State.RECEIVED}))
            if state not in FINAL:
                await self._confirm_receipt(order_no)

    async def _regret(self, order_no: str) -> None:
        """Step back once the goods are being packed, or when they have come. Nobody reviews it: silence approves."""
        match self._wish.regretting:
            case Regret.NOTHING:
                return
            case Regret.CANCELS:
                wanted, path, body = frozenset({State.IN_PRODUCTION, State.PARTLY_SHIPPED}), "cancel", {}
            case Regret.CLAIMS:
                if sum(quantity for _, quantity in self._wish.cart) == 1:
                    return
                wanted, path, body = frozenset({State.DELIVERED, State.RECEIVED}), "after-sales", _CLAIM
        if await self._watch.reached(order_no, wanted) in FINAL:
            return
        try:
            key = f"{self._mark}-{self._wish.number}-regret"
            await self._buyer.post(f"/v1/orders/{order_no}/{path}", body, key=key)
        except ApiProblem as problem:
            self._note(order_no, problem, _NOT_ANY_MORE)

    async def _confirm_receipt(self, order_no: str) -> None:
        key = f"{self._mark}-{self._wish.number}-confirm"
        try:
            await self._buyer.post(f"/v1/orders/{order_no}/confirm-receipt", {}, key=key)
        except ApiProblem as problem:
            self._note(order_no, problem, _TOO_LATE)

    def _note(self, subject: str, problem: ApiProblem, allowed: frozenset[str]) -> None:
        self._journal.refused(subject, problem, allowed)

    async def _dawdle(self) -> None:
        await asyncio.sleep(self._wish.dawdle)
