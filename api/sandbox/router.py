"""The sandbox provider's HTTP side: its cashier pages, the pretended buyer, and the API that merchants ask.

It stands for another company, in our process for convenience: it knows the order system by its callback address only.
It is there in development, when a payment secret is set; otherwise every address here is a 404.
"""

import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import AwareDatetime

from api.sandbox.cashier import EXPIRED, Cashier, Outcome, OutcomeRefused, Wish
from api.sandbox.page import cashier_page, index_page, invalid_page
from api.sandbox.problems import Problem, ProblemRoute, responses
from api.sandbox.refund import RefundImpossible, Refunding
from api.sandbox.refund_schemas import RefundRequest, RefundView
from api.sandbox.schemas import CloseRequest, PaymentView, Simulation
from api.sandbox.statement_schemas import StatementView, read_cursor
from api.sandbox.texts import language_of
from ordersaga.domain.errors import MoneyInvalid
from ordersaga.domain.money import Money
from ordersaga.gateways import correlation
from ordersaga.gateways.payment.sandbox_keys import CashierTicket, CashierTokenInvalid, SandboxKeys
from ordersaga.persistence import sandbox_statement
from ordersaga.persistence.database import Database
from ordersaga.persistence.sandbox import SandboxPayment
from ordersaga.settings import Settings

router = APIRouter(prefix="/sandbox", route_class=ProblemRoute, tags=["sandbox"])

INDEX_LENGTH = 20
_keys = lru_cache(maxsize=8)(SandboxKeys)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a request needs: the rules, and the keys that prove where it comes from."""

    cashier: Cashier
    refunding: Refunding
    keys: SandboxKeys

    def ticket(self, token: str) -> CashierTicket:
        try:
            ticket = self.keys.open(token)
        except CashierTokenInvalid as error:
            raise Problem(404, "cashier_link_invalid", str(error)) from error
        correlation.bind(order_no=ticket.attempt.order_no)
        return ticket


def is_enabled(settings: Settings) -> bool:
    """Pretended money is for development only."""
    return settings.environment == "development" and settings.sandbox.payment_secret is not None


async def _desk(request: Request) -> Desk:
    settings: Settings = request.app.state.settings
    if settings.sandbox.payment_secret is None or not is_enabled(settings):
        raise Problem(404, "not_found", "there is no sandbox here")
    sender = getattr(request.app.state, "sandbox_sender", None)
    wake: Callable[[timedelta], None] = sender.wake if sender else _leave_to_polls
    database: Database = request.app.state.database
    keys = _keys(settings.sandbox.payment_secret.get_secret_value())
    return Desk(Cashier(database, wake), Refunding(database, wake), keys)


def _leave_to_polls(_: timedelta) -> None:
    """Without a sender in this process, another one finds the callback in the table."""


async def _language(request: Request, lang: Annotated[str | None, Query(max_length=20)] = None) -> str:
    return language_of(lang, request.headers.get("accept-language", ""))


AtDesk = Annotated[Desk, Depends(_desk)]
InLanguage = Annotated[str, Depends(_language)]


async def _merchant_desk(request: Request, desk: AtDesk) -> Desk:
    proof = f"Bearer {desk.keys.api_key}"
    if not hmac.compare_digest(request.headers.get("authorization", "").encode(), proof.encode()):
        raise Problem(401, "key_invalid", "the provider API wants the merchant's key as a bearer token")
    return desk


AtMerchantDesk = Annotated[Desk, Depends(_merchant_desk)]


@router.get("", include_in_schema=False)
async def index(desk: AtDesk, language: InLanguage) -> HTMLResponse:
    return index_page(await desk.cashier.latest(INDEX_LENGTH), language)


@router.get("/cashier/{token}", include_in_schema=False)
async def show_cashier(token: str, desk: AtDesk, language: InLanguage) -> HTMLResponse:
    try:
        ticket = desk.keys.open(token)
    except CashierTokenInvalid:
        return invalid_page(language)
    now = datetime.now(UTC)
    payment = await desk.cashier.visit(ticket, now)
    return cashier_page(payment, action=_here(language), language=language, now=now)


@router.post("/cashier/{token}", include_in_schema=False)
async def press_button(
    token: str,
    desk: AtDesk,
    language: InLanguage,
    outcome: Annotated[Literal["succeed", "fail", "close"], Form()],
) -> RedirectResponse:
    """What a button of the page does. The page then shows what became of the attempt, whoever settled it."""
    with suppress(OutcomeRefused):
        await desk.cashier.act(desk.ticket(token), Wish(Outcome(outcome)), datetime.now(UTC))
    return RedirectResponse(_here(language), status_code=303)


@router.post("/cashier/{token}/simulate", responses=responses(400, 404, 409, 413, 422, 503))
async def simulate(token: str, simulation: Simulation, desk: AtDesk) -> PaymentView:
    """Act as the buyer of a cashier page. Repeating an outcome answers the same and sends the callback again."""
    wish = Wish(
        Outcome(simulation.outcome),
        amount=simulation.amount,
        times=simulation.times,
        delay=timedelta(seconds=simulation.delay_s),
        late=simulation.late,
        refunds=simulation.refunds.model_dump() if simulation.refunds else None,
    )
    try:
        return PaymentView.of(await desk.cashier.act(desk.ticket(token), wish, datetime.now(UTC)))
    except OutcomeRefused as refusal:
        raise _settled_otherwise(refusal.payment) from refusal


@router.get("/api/payments/{payment_id}", responses=responses(401, 404, 422, 503))
async def ask(payment_id: str, desk: AtMerchantDesk) -> PaymentView:
    """A payment's present state, for merchants."""
    payment = await desk.cashier.ask(payment_id, datetime.now(UTC))
    if payment is None:
        raise Problem(404, "payment_unknown", "nobody has come to the cashier with this payment")
    return PaymentView.of(payment)


@router.post("/api/payments/{payment_id}/close", responses=responses(400, 401, 404, 413, 422, 503))
async def close(payment_id: str, body: CloseRequest, desk: AtMerchantDesk) -> PaymentView:
    """Make sure that an attempt cannot be paid any more; the answer says if it was paid before."""
    ticket = desk.ticket(body.token)
    if ticket.attempt.payment_id != payment_id:
        raise Problem(422, "request_invalid", "the token is another payment's")
    return PaymentView.of(await desk.cashier.close(ticket, datetime.now(UTC)))


@router.post("/api/payments/{payment_id}/refunds", responses=responses(400, 401, 404, 409, 413, 422, 503))
async def refund(payment_id: str, body: RefundRequest, desk: AtMerchantDesk) -> RefundView:
    """Pay money back; the same `refund_no` is answered as the first time. What fails at once is answered as failed."""
    try:
        amount = Money(body.amount, body.currency)
        return await desk.refunding.refund(payment_id, body.refund_no, amount, datetime.now(UTC))
    except MoneyInvalid as error:
        raise Problem(422, "request_invalid", str(error)) from error
    except RefundImpossible as error:
        raise Problem(404 if error.code == "payment_unknown" else 409, error.code, str(error)) from error


@router.get("/api/refunds/{refund_no}", responses=responses(401, 404, 422, 503))
async def ask_refund(refund_no: str, desk: AtMerchantDesk) -> RefundView:
    """A refund's present state, for merchants."""
    found = await desk.refunding.ask(refund_no, datetime.now(UTC))
    if found is None:
        raise Problem(404, "refund_unknown", "nobody has asked for this refund")
    return found


@router.get("/api/statement", responses=responses(401, 422, 503))
async def statement(
    request: Request,
    _: AtMerchantDesk,
    since: Annotated[AwareDatetime, Query(examples=["2026-01-01T00:00:00Z"])],
    until: Annotated[AwareDatetime, Query(examples=["2026-01-02T00:00:00Z"])],
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> StatementView:
    """What was captured and refunded in a time, for merchants to compare their books with; the oldest first."""
    try:
        after = None if cursor is None else read_cursor(cursor)
        since, until = since.astimezone(UTC), min(until.astimezone(UTC), datetime.now(UTC))
    except (ValueError, OverflowError) as error:
        raise Problem(422, "request_invalid", "not a cursor, or not times, of this statement") from error
    database: Database = request.app.state.database
    async with database.reading() as connection:
        lines = await sandbox_statement.page(connection, since=since, until=until, after=after, limit=limit)
    return StatementView.of(lines, limit)


def _settled_otherwise(payment: SandboxPayment) -> Problem:
    view = PaymentView.of(payment)
    ending = "already_paid" if view.state == "succeeded" else EXPIRED if view.failure == EXPIRED else view.state
    return Problem(
        409, f"payment_{ending}", "this attempt is settled; open a new one", payment=view.model_dump(mode="json")
    )


def _here(language: str) -> str:
    return f"?lang={language}"
