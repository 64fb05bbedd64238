"""Webhooks: whatever an endpoint does, it gets each order's events in order and holds up nobody else (R-ORD-3)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from standardwebhooks import WebhookVerificationError

from devstack.stack import Stack
from ordersaga.domain.webhooks import DeliveryState, EndpointState
from ordersaga.gateways.event_stream import EventStream
from ordersaga.gateways.webhooks.signing_secrets import new_secret, opened, replaced, sealed
from ordersaga.persistence import webhook_deliveries, webhook_endpoints
from ordersaga.persistence.database import Database
from ordersaga.persistence.webhook_endpoints import Endpoint
from tests.integration.downstream_stand import BOX, PATIENT, PLAN, DownstreamStand
from tests.integration.order_worker import own_database
from tests.receiver import Received, Receiver, receiving
from tests.shop import until


@pytest.fixture(scope="module")
async def outbox(stack: Stack) -> AsyncIterator[tuple[str, Database]]:
    settings = await own_database(stack.addresses, "hooked")
    database = Database(settings.database_driver_url, pool_size=30)
    yield settings.database_driver_url, database
    await database.close()


@pytest.fixture
async def stand(stack: Stack, outbox: tuple[str, Database]) -> AsyncIterator[DownstreamStand]:
    url, database = outbox
    async with database.transaction() as connection:
        await connection.execute(text("TRUNCATE orders, relays, webhook_endpoints CASCADE"))
    redis: Redis = Redis.from_url(stack.addresses.redis)
    await redis.delete("hooked")
    yield DownstreamStand(database, redis, url, EventStream(redis, key="hooked", length=10_000))
    await redis.aclose()


async def deliveries(stand: DownstreamStand, endpoint_id: str, state: DeliveryState) -> list[int]:
    async with stand.database.transaction() as connection:
        found = await webhook_deliveries.page(connection, endpoint_id, state, after=0, limit=1000)
    return [delivery.position for delivery in found]


async def endpoint(stand: DownstreamStand, endpoint_id: str) -> Endpoint:
    async with stand.database.transaction() as connection:
        found = await webhook_endpoints.get(connection, endpoint_id)
    assert found is not None
    return found


async def taken(receiver: Receiver, number: int) -> None:
    async def look() -> int:
        return len(receiver.taken)

    await until(look, lambda count: count >= number)


async def told(receiver: Receiver, order_nos: list[str], sequences: list[int]) -> None:
    """Wait until each order's events came in this order; one that was answered too late may have come again."""

    async def look() -> list[list[int]]:
        return [list(dict.fromkeys(receiver.of(order_no))) for order_no in order_nos]

    await until(look, lambda found: found == [sequences] * len(order_nos))


async def test_what_is_sent_can_be_verified_and_a_changed_body_cannot(stand: DownstreamStand) -> None:
    async with receiving() as receiver:
        _, secret = await stand.endpoint(receiver.url)
        order_no = await stand.order()
        async with stand.telling():
            await stand.happens(order_no, 1)
            await taken(receiver, 1)
    (item,) = receiver.taken
    document = item.verify(secret)
    assert (document["type"], document["data"]) == ("order.paid", {"order_no": order_no, "sequence": 1})
    assert datetime.fromisoformat(document["timestamp"]).tzinfo is not None
    assert item.event_id == "evt_1"
    forged = Received(item.headers, item.body.replace(b'"sequence":1', b'"sequence":2'))
    with pytest.raises(WebhookVerificationError):
        forged.verify(secret)


async def test_many_orders_at_once_arrive_each_in_order_although_every_third_try_fails(stand: DownstreamStand) -> None:
    tries: list[str] = []

    def moody(item: Received) -> str:
        tries.append(item.event_id)
        # The same event may be every third one again and again: then it would be given up, which is not the point.
        is_unlucky = len(tries) % 3 == 0 and tries.count(item.event_id) < 4
        return "500 Oops" if is_unlucky else "204 No Content"

    order_nos = [await stand.order() for _ in range(20)]
    async with receiving(moody) as receiver:
        endpoint_id, _ = await stand.endpoint(receiver.url)
        async with stand.telling():
            await asyncio.gather(*(stand.happens(order_no, *range(1, 6)) for order_no in order_nos))
            await taken(receiver, 100)
            await until(lambda: deliveries(stand, endpoint_id, DeliveryState.PENDING), lambda found: found == [])
    assert [receiver.of(order_no) for order_no in order_nos] == [[1, 2, 3, 4, 5]] * 20
    assert len({item.event_id for item in receiver.taken}) == 100
    assert receiver.most_at_once <= 3, "an endpoint is called by so many at once as its places are"


async def test_endpoints_that_hang_or_refuse_hold_up_neither_others_nor_themselves_for_ever(
    stand: DownstreamStand,
) -> None:
    silent = True

    def hanging(_: Received) -> str | None:
        return None if silent else "200 OK"

    order_nos = [await stand.order() for _ in range(3)]
    async with receiving(hanging) as slow, receiving() as quick:
        async with receiving() as gone:
            refusing, _ = await stand.endpoint(gone.url)
        await stand.endpoint(slow.url)
        await stand.endpoint(quick.url)
        async with stand.telling(answer_seconds=0.2, plan=PATIENT):
            for order_no in order_nos:
                await stand.happens(order_no, 1, 2)
            await told(quick, order_nos, [1, 2])
            assert slow.taken == []
            silent = False
            await told(slow, order_nos, [1, 2])
            async with receiving(port=gone.port) as back:
                await told(back, order_nos, [1, 2])
    assert await deliveries(stand, refusing, DeliveryState.DEAD) == []


async def test_after_its_last_try_an_event_is_a_dead_letter_and_the_orders_later_ones_go_on(
    stand: DownstreamStand,
) -> None:
    def picky(item: Received) -> str:
        return "422 Never" if item.sequence == 2 and not healed else "200 OK"

    healed = False
    order_no = await stand.order()
    async with receiving(picky) as receiver:
        endpoint_id, _ = await stand.endpoint(receiver.url)
        async with stand.telling():
            await stand.happens(order_no, 1, 2, 3)
            await taken(receiver, 2)
            assert receiver.of(order_no) == [1, 3]
            assert len([item for item in receiver.received if item.sequence == 2]) == PLAN.tries
            assert await deliveries(stand, endpoint_id, DeliveryState.DEAD) == [2]
            healed = True
            async with stand.database.transaction() as connection:
                assert await webhook_deliveries.revive(connection, endpoint_id, None, datetime.now(UTC)) == 1
            await taken(receiver, 3)
    assert receiver.of(order_no) == [1, 3, 2]


async def test_an_endpoint_that_is_gone_is_disabled_and_can_be_replayed_later(stand: DownstreamStand) -> None:
    order_no = await stand.order()
    async with receiving(lambda _: "410 Gone") as receiver:
        endpoint_id, _ = await stand.endpoint(receiver.url)
        async with stand.telling():
            await stand.happens(order_no, 1, 2)
            found = await until(
                lambda: endpoint(stand, endpoint_id), lambda found: found.state == EndpointState.DISABLED
            )
            assert "410" in found.state_reason
            await stand.happens(order_no, 3)
            await until(stand.unnumbered, lambda left: left == 0)
            assert len(receiver.received) == 1
            receiver.answer = lambda _: "200 OK"
            async with stand.database.transaction() as connection:
                at = datetime.now(UTC)
                await webhook_endpoints.change(connection, endpoint_id, {"state": EndpointState.ENABLED}, at)
                assert await webhook_deliveries.replay(connection, endpoint_id, [], after=0, until=3, at=at) == 3
            await taken(receiver, 3)
    assert receiver.of(order_no) == [1, 2, 3]


async def test_a_replay_sends_the_same_bytes_with_the_same_ids_in_the_same_order(stand: DownstreamStand) -> None:
    order_nos = [await stand.order() for _ in range(4)]
    async with receiving() as receiver:
        endpoint_id, _ = await stand.endpoint(receiver.url, "order.paid")
        async with stand.telling():
            for order_no in order_nos:
                await stand.happens(order_no, 1, 2, 3)
                await stand.happens(order_no, 4, kind="order.split")
            await taken(receiver, 12)
            first = list(receiver.taken)
            receiver.taken.clear()
            async with stand.database.transaction() as connection:
                await webhook_deliveries.replay(
                    connection, endpoint_id, ["order.paid"], after=0, until=100, at=datetime.now(UTC)
                )
            await taken(receiver, 12)
    assert {item.event_id: item.body for item in receiver.taken} == {item.event_id: item.body for item in first}
    assert [receiver.of(order_no) for order_no in order_nos] == [[1, 2, 3]] * 4


async def test_events_wait_for_a_paused_endpoint(stand: DownstreamStand) -> None:
    order_no = await stand.order()
    async with receiving() as receiver:
        endpoint_id, _ = await stand.endpoint(receiver.url)
        async with stand.database.transaction() as connection:
            paused = {"state": EndpointState.PAUSED}
            await webhook_endpoints.change(connection, endpoint_id, paused, datetime.now(UTC))
        async with stand.telling():
            await stand.happens(order_no, 1, 2)
            await until(lambda: deliveries(stand, endpoint_id, DeliveryState.PENDING), lambda found: found == [1, 2])
            assert receiver.received == []
            async with stand.database.transaction() as connection:
                enabled = {"state": EndpointState.ENABLED}
                await webhook_endpoints.change(connection, endpoint_id, enabled, datetime.now(UTC))
            await taken(receiver, 2)
    assert receiver.of(order_no) == [1, 2]


async def test_an_endpoints_wish_to_be_left_alone_is_respected(stand: DownstreamStand) -> None:
    order_no = await stand.order()
    async with receiving(lambda _: "503 Busy\r\nretry-after: 3600") as receiver:
        endpoint_id, _ = await stand.endpoint(receiver.url)
        async with stand.telling():
            await stand.happens(order_no, 1)

            async def tried() -> list[int | None]:
                async with stand.database.transaction() as connection:
                    found = await webhook_deliveries.page(
                        connection, endpoint_id, DeliveryState.PENDING, after=0, limit=9
                    )
                return [
                    item.last_status for item in found if item.next_try_at > datetime.now(UTC) + timedelta(hours=0.9)
                ]

            assert await until(tried, bool) == [503]
    assert len(receiver.received) == 1


async def test_a_redirect_is_not_followed(stand: DownstreamStand) -> None:
    order_no = await stand.order()
    async with receiving() as elsewhere:
        moved = f"307 Moved\r\nlocation: {elsewhere.url}"
        async with receiving(lambda _: moved) as receiver:
            endpoint_id, _ = await stand.endpoint(receiver.url)
            async with stand.telling():
                await stand.happens(order_no, 1)
                await until(lambda: deliveries(stand, endpoint_id, DeliveryState.DEAD), bool)
        assert len(receiver.received) == PLAN.tries
        assert elsewhere.received == []


async def test_while_a_secret_is_replaced_both_verify(stand: DownstreamStand) -> None:
    order_no = await stand.order()
    async with receiving() as receiver:
        endpoint_id, old = await stand.endpoint(receiver.url)
        known = opened(BOX, endpoint_id, (await endpoint(stand, endpoint_id)).secret)
        both = replaced(known, at=datetime.now(UTC), overlap=timedelta(hours=1))
        async with stand.database.transaction() as connection:
            changes = {"secret": sealed(BOX, endpoint_id, both)}
            await webhook_endpoints.change(connection, endpoint_id, changes, datetime.now(UTC))
        async with stand.telling():
            await stand.happens(order_no, 1)
            await taken(receiver, 1)
    (item,) = receiver.taken
    assert item.verify(old) == item.verify(both[0].text)
    with pytest.raises(WebhookVerificationError):
        item.verify(new_secret().text)


async def test_two_workers_take_a_delivery_once_and_of_an_order_only_the_first(stand: DownstreamStand) -> None:
    one, other = await stand.order(), await stand.order()
    endpoint_id, _ = await stand.endpoint("http://127.0.0.1:9/")
    async with stand.telling(plan=PATIENT):
        await stand.happens(one, 1, 2)
        await stand.happens(other, 1, 2)
        await until(stand.unnumbered, lambda left: left == 0)
    now, lease = datetime.now(UTC) + timedelta(hours=1), timedelta(minutes=1)

    async def take() -> list[int]:
        async with stand.database.transaction() as connection:
            found = await webhook_deliveries.take(connection, endpoint_id, now=now, lease=lease, limit=10)
            await asyncio.sleep(0.05)  # the others look while it is not committed
        return [item.event.position for item in found]

    both = await asyncio.gather(*(take() for _ in range(4)))
    assert sorted(position for found in both for position in found) == [1, 3]
