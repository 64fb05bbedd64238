"""Services behind TLS are reached by settings alone, and refused when they cannot prove who they are."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisUnreachable
from sqlalchemy import text
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from devstack.stack import Stack
from ordersaga.contracts.search_attributes import SEARCH_ATTRIBUTES
from ordersaga.gateways import temporal as gateway
from ordersaga.gateways.temporal import SearchAttributesMissing, connect, register_search_attributes
from ordersaga.persistence.database import Database
from ordersaga.persistence.leadership import leading
from ordersaga.persistence.migrate import head, upgrade
from tests.integration.tls_front import LOOPBACK, Authority, serving, tls_front

NAME = "localhost"
PATIENCE = 40
_CALL = timedelta(seconds=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder, "authority")


@pytest.fixture(scope="module")
def stranger(folder: Path) -> Authority:
    """Another authority: nobody whom we trust."""
    return Authority(folder, "stranger")


@pytest.fixture
async def database(stack: Stack, authority: Authority) -> AsyncIterator[str]:
    """The stack's database behind TLS, its address without parameters; the certificate names a host, not 127.0.0.1."""
    plain = urlsplit(stack.addresses.database)
    context = serving(authority.issue(NAME))
    async with tls_front(f"{plain.hostname}:{plain.port}", context, asked=True) as port:
        yield plain._replace(netloc=f"{plain.username}:{plain.password}@{NAME}:{port}").geturl()


async def _encrypted_answer(url: str) -> int:
    database = Database(url, pool_size=1)
    try:
        async with asyncio.timeout(PATIENCE), database.transaction() as connection:
            return int(await connection.scalar(text("SELECT 42")) or 0)
    finally:
        await database.close()


@pytest.mark.parametrize("parameters", ["sslmode=verify-full", "ssl=verify-full", "sslmode=verify-ca"])
async def test_a_database_is_reached_when_its_certificate_is_the_authoritys(
    database: str, authority: Authority, parameters: str
) -> None:
    assert await _encrypted_answer(f"{database}?{parameters}&sslrootcert={authority.root}") == 42


async def test_migrations_and_the_relays_lock_take_the_same_address(database: str, authority: Authority) -> None:
    url = f"{database}?sslmode=verify-full&sslrootcert={authority.root}"
    async with asyncio.timeout(PATIENCE):
        assert await upgrade(url) == head()
        async with leading(url, 7, silence=5) as connection:
            assert await connection.scalar(text("SHOW idle_session_timeout")) == "5s"


async def test_a_database_of_an_unknown_authority_is_refused(database: str, stranger: Authority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        await _encrypted_answer(f"{database}?sslmode=verify-full&sslrootcert={stranger.root}")


async def test_a_database_of_another_name_is_refused_unless_names_are_not_asked_for(
    database: str, authority: Authority
) -> None:
    moved = database.replace(f"@{NAME}:", f"@{LOOPBACK}:")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for '127\.0\.0\.1'"):
        await _encrypted_answer(f"{moved}?sslmode=verify-full&sslrootcert={authority.root}")
    assert await _encrypted_answer(f"{moved}?sslmode=verify-ca&sslrootcert={authority.root}") == 42


async def test_a_machines_own_authorities_do_not_vouch_for_a_tests(database: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await _encrypted_answer(f"{database}?sslmode=verify-full&sslrootcert=system")


async def test_redis_is_reached_by_tls_and_only_when_it_proves_its_name(
    stack: Stack, authority: Authority, stranger: Authority
) -> None:
    plain = urlsplit(stack.addresses.redis)

    async def ping(host: str, root: Path) -> bool:
        url = f"rediss://default:{plain.password}@{host}:{port}/0?ssl_ca_certs={root}"
        async with asyncio.timeout(PATIENCE), Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as redis:
            return bool(await redis.ping())

    async with tls_front(f"{plain.hostname}:{plain.port}", serving(authority.issue(NAME))) as port:
        assert await ping(NAME, authority.root)
        for host, root in ((NAME, stranger.root), (LOOPBACK, authority.root)):
            with pytest.raises(RedisUnreachable, match="certificate verify failed"):
                await ping(host, root)


@pytest.fixture
async def temporal_port(stack: Stack, authority: Authority) -> AsyncIterator[int]:
    """Temporal behind TLS that wants a client's certificate, as a namespace of Temporal Cloud with mTLS does."""
    context = serving(authority.issue(NAME), clients_of=authority, speaks="h2")
    async with tls_front(stack.addresses.temporal, context) as port:
        yield port


def _named(monkeypatch: pytest.MonkeyPatch, stack: Stack, port: int, **tls: object) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"{NAME}:{port}")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", stack.addresses.namespace)
    for name, value in tls.items():
        monkeypatch.setenv(f"TEMPORAL_TLS_{name}", str(value))


async def _describe() -> str:
    async with asyncio.timeout(PATIENCE):
        client = await connect()
        request = DescribeNamespaceRequest(namespace=client.namespace)
        return (await client.workflow_service.describe_namespace(request, timeout=_CALL)).namespace_info.name


async def test_temporal_is_reached_by_its_own_variables_with_certificates_of_both_sides(
    stack: Stack, authority: Authority, temporal_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = authority.issue("ordersaga")
    files = {"CLIENT_CERT_PATH": ours.chain, "CLIENT_KEY_PATH": ours.key, "SERVER_CA_CERT_PATH": authority.root}
    _named(monkeypatch, stack, temporal_port, **files)
    assert await _describe() == stack.addresses.namespace
    async with asyncio.timeout(PATIENCE):
        assert await register_search_attributes(await connect()) == []


@pytest.mark.parametrize("wrong", ["another authority", "another name", "a stranger's certificate", "no certificate"])
async def test_temporal_is_not_spoken_with_when_one_side_does_not_prove_itself(
    stack: Stack, authority: Authority, stranger: Authority, temporal_port: int,
    monkeypatch: pytest.MonkeyPatch, wrong: str,
) -> None:  # fmt: skip
    ours = (stranger if wrong == "a stranger's certificate" else authority).issue("ordersaga")
    root = (stranger if wrong == "another authority" else authority).root
    files: dict[str, object] = {"SERVER_CA_CERT_PATH": root}
    if wrong != "no certificate":
        files |= {"CLIENT_CERT_PATH": ours.chain, "CLIENT_KEY_PATH": ours.key}
    if wrong == "another name":
        files["SERVER_NAME"] = "elsewhere.example"
    _named(monkeypatch, stack, temporal_port, **files)
    with pytest.raises((RuntimeError, RPCError)):
        await _describe()


async def test_where_no_client_may_add_search_attributes_the_missing_ones_are_named(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is asked really; only its operator service refuses, as Temporal Cloud's does."""

    async def refuse(*_arguments: object, **_named: object) -> None:
        raise RPCError("Request unauthorized.", RPCStatusCode.PERMISSION_DENIED, b"")

    _named(monkeypatch, stack, int(stack.addresses.temporal.rpartition(":")[2]))
    async with asyncio.timeout(PATIENCE):
        client = await connect()
        monkeypatch.setattr(client.operator_service, "list_search_attributes", refuse)
        assert await register_search_attributes(client) == []
        more = (*SEARCH_ATTRIBUTES, SearchAttributeKey.for_keyword_list("Colours"))
        monkeypatch.setattr(gateway, "SEARCH_ATTRIBUTES", more)
        with pytest.raises(SearchAttributesMissing, match="--search-attribute Colours=KeywordList") as missing:
            await register_search_attributes(client)
    assert missing.value.missing == (("Colours", "KeywordList"),)
