"""The sandbox's pages as HTML. They work without scripts; the one script there is counts the seconds down."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.sandbox.cashier import EXPIRED, GRACE
from api.sandbox.schemas import PaymentView
from api.sandbox.texts import TEXTS
from ordersaga.domain.money import exponent
from ordersaga.persistence.sandbox import SandboxPayment

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def amount_text(amount: int, currency: str) -> str:
    """An amount of minor units as people read it: `TWD 1,234.50`."""
    places = exponent(currency)
    return f"{currency} {Decimal(amount).scaleb(-places):,.{places}f}"


def time_text(moment: datetime) -> str:
    """A moment to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def duration_text(seconds: int) -> str:
    """A span as `m:ss`, or `h:mm:ss` from one hour on."""
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


_templates.filters.update(amount=amount_text, time=time_text, duration=duration_text)


def cashier_page(payment: SandboxPayment, *, action: str, language: str, now: datetime) -> HTMLResponse:
    """The page of one attempt: with buttons as long as it is open, and with its result afterwards."""
    view = PaymentView.of(payment)
    return _page(
        "cashier.html",
        language,
        payment=view,
        state=_shown_state(view),
        seconds_left=max(0, int((view.expires_at - now).total_seconds())),
        grace_seconds=int(GRACE.total_seconds()),
        action=action,
    )


def invalid_page(language: str) -> HTMLResponse:
    """What a link that was never signed leads to."""
    return _page("invalid.html", language, status=404)


def index_page(payments: Sequence[SandboxPayment], language: str) -> HTMLResponse:
    """What the sandbox is, and the latest attempts."""
    rows = [(view, _shown_state(view), one.created_at) for one in payments for view in [PaymentView.of(one)]]
    return _page("index.html", language, payments=rows)


def _shown_state(view: PaymentView) -> str:
    return EXPIRED if view.failure == EXPIRED else view.state


def _page(template: str, language: str, *, status: int = 200, **values: object) -> HTMLResponse:
    nonce = secrets.token_urlsafe(16)
    texts = TEXTS[language]
    html = _templates.get_template(template).render(
        values, t=texts, named=lambda group, name: texts.get(f"{group}.{name}", name), language=language, nonce=nonce
    )
    return HTMLResponse(html, status, headers=_headers(nonce))


def _headers(nonce: str) -> dict[str, str]:
    # The address of a cashier page is the right to pay there, so it goes into no cache and no referrer.
    return {
        "cache-control": "no-store",
        "content-security-policy": f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}';"
        " form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        "referrer-policy": "no-referrer",
        "vary": "accept-language",
        "x-content-type-options": "nosniff",
    }
