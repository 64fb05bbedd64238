"""Whether the process lives, and whether it can serve."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from fastapi import APIRouter, Request, Response, status
from sqlalchemy import text

from api.services import Services, UsesServices

router = APIRouter(tags=["operation"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "a neighbour that is needed is away"}})
async def readyz(request: Request, services: UsesServices, response: Response) -> dict[str, Any]:
    """PostgreSQL and Temporal answer. Redis is reported, but only speeds up: it may be away.

    An API that was told to stop is not ready.
    """
    database, temporal, redis = await asyncio.gather(
        _answers(_ask_database(services)),
        _answers(services.temporal.service_client.check_health()),
        _answers(_ask_redis(services)),
    )
    draining: bool = request.app.state.scraping.draining
    ready = database and temporal and not draining
    if not ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return {"ready": ready, "database": database, "temporal": temporal, "redis": redis, "draining": draining}


async def _answers(question: Awaitable[Any]) -> bool:
    try:
        async with asyncio.timeout(2):
            await question
    except Exception:
        return False
    return True


async def _ask_database(services: Services) -> None:
    async with services.database.transaction() as connection:
        await connection.execute(text("SELECT 1"))


async def _ask_redis(services: Services) -> None:
    await services.redis.get("ping")
