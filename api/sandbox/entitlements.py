"""The sandbox's provider of entitlements: what a licence server or a ticket system would be in a shop of its own.

What a product's name ends in is what goes wrong with it: `-refuse` is never granted, and `-away` answers from the third
time on that it is asked for.
"""

import hmac
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from api.sandbox.problems import Problem, ProblemRoute, responses
from api.sandbox.router import is_enabled
from ordersaga.gateways.payment.sandbox_keys import SandboxKeys
from ordersaga.persistence import sandbox_entitlements
from ordersaga.persistence.database import Database
from ordersaga.persistence.sandbox_entitlements import ASKED, GRANTED, REFUSED, REVOKED, USED
from ordersaga.settings import Settings

NEVER, LATE = "-refuse", "-away"
_AWAY_FOR = 2

Reference = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


class EntitlementRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"reference": "261122-7K3M9QXF2T8B.1.1", "product": "SAGA-ONLINE-30", "account": "alice"}]
        },
    )

    reference: Reference
    product: str = Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")
    account: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")


class RevocationRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"references": ["261122-7K3M9QXF2T8B.1.1"]}]}
    )

    references: list[Reference] = Field(min_length=1, max_length=100_000)
    forced: bool = Field(False, description="revoke what is not in use, and leave the rest")


class EntitlementView(BaseModel):
    reference: str
    state: Literal["granted", "used", "revoked"]


class RevocationView(BaseModel):
    revoked: int


async def _database(request: Request) -> Database:
    settings: Settings = request.app.state.settings
    if settings.sandbox.payment_secret is None or not is_enabled(settings):
        raise Problem(404, "not_found", "there is no sandbox here")
    proof = f"Bearer {SandboxKeys(settings.sandbox.payment_secret.get_secret_value()).entitlement_key}"
    if not hmac.compare_digest(request.headers.get("authorization", "").encode(), proof.encode()):
        raise Problem(401, "key_invalid", "the provider API wants the merchant's key as a bearer token")
    database: Database = request.app.state.database
    return database


Books = Annotated[Database, Depends(_database)]

router = APIRouter(prefix="/sandbox/api/entitlements", route_class=ProblemRoute, tags=["sandbox"])


@router.post("", responses=responses(400, 401, 404, 409, 413, 422, 503))
async def grant(body: EntitlementRequest, books: Books) -> EntitlementView:
    """Grant one unit; the same `reference` is answered as the first time."""
    async with books.transaction() as connection:
        state, tries = await sandbox_entitlements.ask_for(connection, body.reference, body.product, body.account)
        away = state == ASKED and body.product.lower().endswith(LATE) and tries <= _AWAY_FOR
        if state == ASKED and not away:
            state = REFUSED if body.product.lower().endswith(NEVER) else GRANTED
            await sandbox_entitlements.set_state(connection, body.reference, state)
    if away:
        raise Problem(503, "unavailable", "try again")
    if state in (REFUSED, REVOKED):
        raise Problem(409, f"entitlement_{state}", "this will not be granted")
    return _view(body.reference, state)


@router.post("/revocations", responses=responses(400, 401, 404, 409, 413, 422, 503))
async def revoke(body: RevocationRequest, books: Books) -> RevocationView:
    """Revoke all of these, or none of them if one is in use."""
    async with books.transaction() as connection:
        if not body.forced:
            for reference in sorted(set(body.references)):
                if await sandbox_entitlements.state_of(connection, reference) == USED:
                    raise Problem(409, "entitlement_used", "one of these is in use", reference=reference)
        await sandbox_entitlements.revoke(connection, body.references)
    return RevocationView(revoked=len(set(body.references)))


@router.get("/{reference}", responses=responses(401, 404, 422, 503))
async def ask(reference: Reference, books: Books) -> EntitlementView:
    """How a unit stands."""
    async with books.transaction() as connection:
        state = await sandbox_entitlements.state_of(connection, reference)
    if state is None or state in (ASKED, REFUSED):
        raise Problem(404, "entitlement_unknown", "nothing was granted under this reference")
    return _view(reference, state)


@router.post("/{reference}/use", responses=responses(400, 401, 404, 409, 413, 422, 503))
async def use(reference: Reference, books: Books) -> EntitlementView:
    """Act as the buyer who begins to use what was granted."""
    async with books.transaction() as connection:
        state = await sandbox_entitlements.state_of(connection, reference)
        if state is None or state in (ASKED, REFUSED):
            raise Problem(404, "entitlement_unknown", "nothing was granted under this reference")
        if state == REVOKED:
            raise Problem(409, "entitlement_revoked", "this was revoked")
        await sandbox_entitlements.set_state(connection, reference, USED)
    return _view(reference, USED)


def _view(reference: str, state: str) -> EntitlementView:
    return EntitlementView.model_validate({"reference": reference, "state": state})
