"""Submit: a quote becomes one order, or nothing at all (R-SUB-2 … R-SUB-5).

PostgreSQL decides who was first (`submissions`), Redis only blocks twins early, and one call to Temporal starts the
run and waits for its outcome. Every step may be repeated: a retry attaches to what is under way.
"""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from api.attempts import open_attempt
from api.authentication import Caller
from api.changes import refusal
from api.dossier import dossier
from api.duplicates import DuplicateGuard, goods_key
from api.idempotency import fingerprint, key_reused
from api.placement import place
from api.problems import Problem, unavailable
from api.quote import Quote
from api.quoting import Cart, preview, price, quoted
from api.schemas.orders import SubmitRequest
from api.screening import Visitor, denied, note_denial, screen
from api.services import Services
from api.views import order_document
from ordersaga.domain.errors import (
    ActionNotAllowed,
    DuplicateSubmission,
    GroupUnavailable,
    OrderError,
    OutOfStock,
    PlacingTimedOut,
    QuoteExpired,
    QuoteInvalid,
)
from ordersaga.domain.messages import Placement
from ordersaga.domain.pricing.promise import differences, promise
from ordersaga.domain.pricing.quote import PricedOrder
from ordersaga.domain.risk import Verdict
from ordersaga.domain.screening import Screening
from ordersaga.gateways import correlation
from ordersaga.persistence import submissions
from ordersaga.persistence.submissions import Submission

_TWIN_PATIENCE = timedelta(seconds=1)
"""How long a twin that claimed the goods may take to store its submission before it counts as dead."""


class Submitting:
    """One submit request, from the opened token to the answer."""

    def __init__(
        self,
        services: Services,
        caller: Caller,
        request: SubmitRequest,
        key: str | None,
        language: str,
        visitor: Visitor,
    ) -> None:
        self._services = services
        self._caller = caller
        self._request = request
        self._channel = request.payment_channel
        self._language = language
        self._visitor = visitor
        self._delivery_note = request.delivery_note
        self._quote = self._open(request.quote_token)
        correlation.bind(order_no=self._quote.order_no)
        self._has_own_key = key is not None
        self._key = key or f"quote:{self._quote.quote_id}"
        self._guard = DuplicateGuard(services.redis, services.settings.duplicate_window_seconds)
        self._goods_key = goods_key(caller.subject, self._quote.items)
        self._placement: Placement | None = None

    @cached_property
    def _body_hash(self) -> str:
        return fingerprint(self._request.model_dump(mode="json"))

    async def answer(self) -> dict[str, Any]:
        """The placed order's document; every refusal is raised. A sale's gate comes before everything else."""
        async with self._services.gates.entering(self._quote, lambda: self._placement):
            return await self._answer()

    async def _answer(self) -> dict[str, Any]:
        async with self._services.database.statements() as connection:
            known, priced = await self._earlier_or_price(connection)
            screening = await self._screen(connection, priced) if priced else Screening()
        if priced is None:
            return await self._answer_known(known)
        if refused := denied(screening.assessment):
            raise refused
        await self._claim_goods()
        fresh = self._submission(priced, screening)
        async with self._services.database.statements() as connection:
            added = await submissions.add(connection, fresh)
        if added:
            return await self._finish(fresh)
        async with self._services.database.statements() as connection:
            known = await self._earlier(connection)
        return await self._answer_known(known)

    def _open(self, token: str) -> Quote:
        quote = self._services.sealer.open(token)
        if quote.buyer != self._caller.subject:
            raise QuoteInvalid("the quote was made for somebody else")
        if self._channel is not None:
            self._services.providers.for_channel(self._channel)
        return quote

    async def _earlier(self, connection: Any) -> list[Submission]:
        return await submissions.earlier(connection, self._quote.order_no, self._caller.subject, self._key)

    async def _earlier_or_price(self, connection: Any) -> tuple[list[Submission], PricedOrder | None]:
        known = await self._earlier(connection)
        if known:
            return known, None
        try:
            return [], await self._price(connection)
        except OrderError:
            # The same request, sent twice, may hold the coupon or the last of a budget by now.
            known = await self._earlier(connection)
            if not known:
                raise
            return known, None

    async def _price(self, connection: Any) -> PricedOrder:
        """Price again: what was promised holds, or the buyer decides anew (R-SUB-3)."""
        if self._quote.expires_at <= datetime.now(UTC):
            raise QuoteExpired("the quote has expired; preview again", expired_at=self._quote.expires_at.isoformat())
        cart = Cart.of(self._quote)
        try:
            pricing = await price(connection, self._services, cart)
        except GroupUnavailable as gone:
            fresh = await preview(connection, self._services, cart.without_choices())
            gone.details["quote"] = fresh.model_dump(mode="json")
            raise
        refused = await refusal(connection, self._quote, pricing, datetime.now(UTC))
        if refused is not None:
            fresh = await quoted(connection, self._services, cart, pricing)
            refused.details["quote"] = fresh.model_dump(mode="json")
            raise refused
        return pricing.order

    async def _screen(self, connection: Any, priced: PricedOrder) -> Screening:
        """What is found is kept with the submission: who sends it again meets the same verdict."""
        at, account = datetime.now(UTC), self._caller.subject
        pseudonyms, visitor = self._services.pseudonyms, self._visitor
        found = await screen(
            connection, pseudonyms, priced, account=account, receiver=self._quote.address, visitor=visitor, at=at
        )
        if found.assessment.verdict is Verdict.DENY:
            origin = visitor.origin(pseudonyms)
            await note_denial(connection, self._quote.order_no, account, origin, found.assessment, at)
        return found

    async def _claim_goods(self) -> None:
        """Wait for the outcome of a twin: only an order that exists is a duplicate's reason."""
        give_up = datetime.now(UTC) + _TWIN_PATIENCE
        while twin := await self._guard.claim(self._goods_key, self._quote.order_no):
            async with self._services.database.statements() as connection:
                submission = await submissions.get(connection, twin)
            if submission is not None and (await self._decide(submission)).placed:
                raise DuplicateSubmission("the same goods were ordered a moment ago", order_no=twin)
            if submission is not None or datetime.now(UTC) > give_up:
                await self._guard.take_over(self._goods_key, twin, self._quote.order_no)
            else:
                await asyncio.sleep(0.05)

    async def _answer_known(self, known: list[Submission]) -> dict[str, Any]:
        """The quote or the key was used before."""
        same_key = next((item for item in known if item.idempotency_key == self._key), None)
        if same_key is not None and same_key.body_hash == self._body_hash:
            return await self._attach(same_key)
        if same_key is not None and self._has_own_key:
            raise key_reused()
        submission = next(item for item in known if item.order_no == self._quote.order_no)
        placement = await self._decide(submission)
        if placement.placed:
            raise DuplicateSubmission("this quote is an order already", order_no=submission.order_no)
        raise await self._refusal(placement)

    async def _attach(self, submission: Submission) -> dict[str, Any]:
        try:
            return await self._finish(submission)
        except Problem as problem:
            patience = timedelta(seconds=self._services.settings.submit_deadline_seconds)
            if problem.code != "unavailable" or submission.received_at + 2 * patience < datetime.now(UTC):
                raise
            raise Problem(
                "request_in_flight",
                "the first request with this key is still under way",
                {"Retry-After": "2"},
                order_no=submission.order_no,
            ) from problem

    async def _finish(self, submission: Submission) -> dict[str, Any]:
        if submission.answer is not None:
            return dict(submission.answer)
        placement = await self._decide(submission)
        if not placement.placed:
            await self._guard.release(self._goods_key, submission.order_no)
            raise await self._refusal(placement)
        if self._channel is not None:
            # The order stands without the attempt: its goods have gone, it is under review, or nothing is to be paid.
            with contextlib.suppress(OutOfStock, ActionNotAllowed):
                await open_attempt(self._services, self._caller, submission.order_no, self._channel, self._key)
        async with self._services.database.statements() as connection:
            known = await dossier(connection, submission.order_no, self._caller)
            if known is None:
                raise unavailable("the order")
            answer = order_document(known, self._caller, self._language, datetime.now(UTC))
            return dict(await submissions.keep_answer(connection, submission.order_no, answer))

    async def _decide(self, submission: Submission) -> Placement:
        placement = await self._decided(submission)
        if submission.order_no == self._quote.order_no:
            is_old = submission.placement is not None and not placement.placed
            # What was missing when it was refused says nothing of the tokens that were taken for this request.
            self._placement = Placement(placed=False) if is_old else placement
        return placement

    async def _decided(self, submission: Submission) -> Placement:
        """How placing ended; it is started, or attached to, when it has not."""
        if submission.placement is not None:
            return submission.placement
        settings = self._services.settings
        if submission.received_at + timedelta(seconds=settings.placing_deadline_seconds) < datetime.now(UTC):
            return await self._give_up(submission)
        placement = await place(
            self._services.temporal,
            submission,
            task_queue=settings.task_queue,
            policy_version=await self._services.policy_version(submission.priced.order_type),
            placing_seconds=settings.placing_deadline_seconds,
            deadline_seconds=settings.submit_deadline_seconds,
        )
        if placement is None:
            async with self._services.database.statements() as connection:
                decided = await submissions.get(connection, submission.order_no)
            placement = decided.placement if decided else None
        if placement is None:
            raise unavailable("placing orders")
        return placement

    async def _give_up(self, submission: Submission) -> Placement:
        """Nobody placed it in time: refused, unless the run was faster. Whatever a run holds, it gives back itself."""
        refusal = Placement(placed=False, code=PlacingTimedOut.code, message="the order could not be placed in time")
        async with self._services.database.transaction() as connection:
            return await submissions.refuse(connection, submission.order_no, refusal)

    async def _refusal(self, placement: Placement) -> Problem:
        """The refusal, with a fresh quote where one can be made, and how that differs from the one submitted."""
        details, cart = dict(placement.details), Cart.of(self._quote)
        if placement.code == GroupUnavailable.code:
            cart = cart.without_choices()
        try:
            async with self._services.database.reading() as connection:
                pricing = await price(connection, self._services, cart)
                fresh = await quoted(connection, self._services, cart, pricing)
            details["quote"] = fresh.model_dump(mode="json")
            details["changes"] = differences(self._quote.promised, promise(pricing.order))
        except OrderError as gone:
            details["quote_unavailable"] = gone.code
        return Problem(placement.code, placement.message, **details)

    def _submission(self, priced: PricedOrder, screening: Screening) -> Submission:
        return Submission(
            order_no=self._quote.order_no,
            quote_id=self._quote.quote_id,
            buyer=self._caller.subject,
            idempotency_key=self._key,
            body_hash=self._body_hash,
            priced=priced,
            receiver=self._quote.address,
            received_at=datetime.now(UTC),
            delivery_note=self._delivery_note,
            asked={
                "channel": self._quote.channel,
                "promotion_codes": list(self._quote.wishes.promotion_codes),
            },
            screening=screening.to_document(),
            origin=self._visitor.origin(self._services.pseudonyms),
        )
