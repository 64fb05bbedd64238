"""Who may call what: roles per route, and what of the data each role sees."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.authentication import Caller, KeysUnavailable, Role, TokenInvalid
from api.problems import Problem, unavailable
from api.services import UsesServices
from ordersaga.domain.lifecycle.table import Actor
from ordersaga.domain.messages import ActedBy

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="`ordersaga token --role buyer --sub alice`")


async def authenticated(
    services: UsesServices, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """The caller. 401 without a token that can be trusted."""
    if credentials is None:
        raise Problem("unauthenticated", "a bearer token is needed", {"WWW-Authenticate": "Bearer"})
    try:
        return await services.authenticator.authenticate(credentials.credentials)
    except KeysUnavailable as error:
        raise unavailable("the identity provider") from error
    except TokenInvalid as error:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise Problem("unauthenticated", str(error), challenge) from error


AnyCaller = Annotated[Caller, Depends(authenticated)]


def _only(*roles: Role) -> Callable[..., Any]:
    async def check(caller: AnyCaller) -> Caller:
        if caller.role not in roles:
            names = " or ".join(roles)
            raise Problem("forbidden", f"this is for the {names}", role=caller.role, allowed_roles=list(roles))
        return caller

    return check


Buyer = Annotated[Caller, Depends(_only(Role.BUYER))]
BuyerOrOperator = Annotated[Caller, Depends(_only(Role.BUYER, Role.OPERATOR))]
Operator = Annotated[Caller, Depends(_only(Role.OPERATOR))]
ParcelHandler = Annotated[Caller, Depends(_only(Role.WAREHOUSE, Role.MERCHANT))]
ParcelReader = Annotated[Caller, Depends(_only(Role.WAREHOUSE, Role.MERCHANT, Role.OPERATOR))]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="same key and body: the first answer again; same key, other body: 422",
    ),
]


async def language_of(request: Request) -> str:
    """The first language of `Accept-Language` that labels exist in; English otherwise."""
    wanted = request.headers.get("accept-language", "")
    return "zh-Hant" if wanted.strip().lower().startswith("zh") else "en"


Language = Annotated[str, Depends(language_of)]


def acted_by(caller: Caller, reason: str = "") -> ActedBy:
    return ActedBy(role=actor_of(caller), subject=caller.subject, reason=reason)


def actor_of(caller: Caller) -> Actor:
    """The part that a role plays in the state machine; downstream systems read like buyers."""
    return Actor.BUYER if caller.role is Role.DOWNSTREAM else Actor(caller.role.value)
