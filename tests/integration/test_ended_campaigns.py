"""What campaigns leave over goes back to the general shelf, whoever brings it (R-TYPE-2)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from ordersaga.domain.campaigns import Campaign, Terms
from ordersaga.persistence import campaigns
from ordersaga.persistence.database import Database
from tests.goods import twd
from tests.integration.shelves import Shelves
from tests.shop import until
from worker.campaigns import EndedCampaigns
from worker.main import beside


@pytest.fixture
async def shelves(database: Database) -> Shelves:
    """Ten units of tea, of which the campaign has four."""
    shelves = await Shelves.filled(database, tea={"here": 10})
    await shelves.sets_aside("tea", {"here": 4}, pool="noon")
    return shelves


async def runs_until(shelves: Shelves, ends_at: datetime) -> None:
    campaign = Campaign(
        code=shelves.name("noon"),
        order_type="flash_sale",
        name="Noon",
        sku=shelves.name("tea"),
        price=twd(5_000),
        starts_at=ends_at - timedelta(hours=1),
        ends_at=ends_at,
        terms=Terms(),
        pooled=True,
    )
    async with shelves.database.transaction() as connection:
        await campaigns.put(connection, campaign, datetime.now(UTC))


async def pool_of(shelves: Shelves) -> str:
    async with shelves.database.transaction() as connection:
        return await campaigns.pool(connection, shelves.name("noon"))


@asynccontextmanager
async def brought_back(database: Database, grace: timedelta = timedelta()) -> AsyncIterator[None]:
    """Three workers at once."""
    loops = [EndedCampaigns(database, grace=grace, interval=0.02).run() for _ in range(3)]
    async with beside(*loops, ended=lambda: None):
        yield


async def test_what_is_left_goes_back_and_later_what_orders_give_back(shelves: Shelves) -> None:
    await shelves.reserves("o1", ("tea", 3), pool="noon")
    await runs_until(shelves, datetime.now(UTC))
    async with brought_back(shelves.database):
        await until(lambda: shelves.of("tea"), lambda held: held == {"here": (7, 0)})
        assert await shelves.of("tea", pool="noon") == {"here": (3, 3)}
        await shelves.releases("o1")
        await until(lambda: shelves.of("tea"), lambda held: held == {"here": (10, 0)})
    assert await pool_of(shelves) == "", "what is deducted from now on comes from the general shelf"


async def test_a_campaign_that_runs_or_has_just_ended_keeps_its_stock(shelves: Shelves, database: Database) -> None:
    now = datetime.now(UTC)
    await runs_until(shelves, now - timedelta(seconds=30))
    other = await Shelves.filled(database, tea={"here": 10})
    await other.sets_aside("tea", {"here": 2}, pool="noon")
    await runs_until(other, now - timedelta(minutes=2))
    async with brought_back(database, grace=timedelta(minutes=1)):
        await until(lambda: other.of("tea"), lambda held: held == {"here": (10, 0)})
    assert await shelves.of("tea", pool="noon") == {"here": (4, 0)}
    assert await pool_of(shelves) == shelves.name("noon")
