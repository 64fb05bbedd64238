"""A database that does not serve is a 503 to come back after; an error that is ours stays a 500."""

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from api import problems


class FromDriver(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


async def answer_to(sqlstate: str | None) -> httpx.Response:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    async def fail() -> None:
        raise DBAPIError("SELECT 1", None, FromDriver(sqlstate))

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test", timeout=5) as client:
        return await client.get("/")


@pytest.mark.parametrize("sqlstate", ["57P03", "57P01", "53300", "08006"])
async def test_a_database_that_starts_stops_or_is_full_is_unavailable(sqlstate: str) -> None:
    answer = await answer_to(sqlstate)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize("sqlstate", ["42P01", "23505", None])
async def test_a_statement_that_is_wrong_is_our_fault(sqlstate: str | None) -> None:
    answer = await answer_to(sqlstate)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
