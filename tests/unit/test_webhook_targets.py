"""What a webhook may call: never anything inside our own network, however it is written or looked up (SSRF)."""

import asyncio
import socket
from ipaddress import ip_address, ip_network

import httpcore
import pytest

from ordersaga.gateways.webhooks.sending import WebhookSender
from ordersaga.gateways.webhooks.targets import GuardedNetwork, TargetRefused, TargetRules
from tests.receiver import receiving

PRODUCTION = TargetRules()
SECRET = "whsec_" + "A" * 44
INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - nobody listens there
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_refused(address: str) -> None:
    with pytest.raises(TargetRefused):
        PRODUCTION.check_address(ip_address(address))
    with pytest.raises(TargetRefused):
        PRODUCTION.check_url(f"https://[{address}]/" if ":" in address else f"https://{address}/")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_allowed(address: str) -> None:
    PRODUCTION.check_address(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.example/",
        "ftp://erp.example/",
        "file:///etc/passwd",
        "https://",
        "https:///hooks",
        "https://user@erp.example/",
        "https://user:word@erp.example/",
        "https://erp.example/#part",
        "https://erp.example:port/",
        "https://erp.example:99999/",
        "https://erp.example/ hooks",
        "https://erp.example/\r\nhost: inside",
        "https://[::1/",
        "https://ërp.example/",
        "erp.example/hooks",
        "",
    ],
)
def test_urls_that_are_none_or_say_more_than_where_are_refused(url: str) -> None:
    with pytest.raises(TargetRefused):
        PRODUCTION.check_url(url)


def test_a_plain_url_is_allowed() -> None:
    PRODUCTION.check_url("https://erp.example:8443/hooks?shop=1")


def test_networks_of_the_company_can_be_allowed() -> None:
    rules = TargetRules(networks=(ip_network("10.20.0.0/16"),))
    rules.check_address(ip_address("10.20.3.4"))
    with pytest.raises(TargetRefused):
        rules.check_address(ip_address("10.21.0.1"))
    with pytest.raises(TargetRefused):
        rules.check_url("http://10.20.3.4/")


def test_development_may_call_itself_without_encryption() -> None:
    TargetRules(anywhere=True).check_url("http://127.0.0.1:9/hooks")


async def test_a_name_that_means_an_address_inside_is_not_connected_to() -> None:
    async with receiving() as receiver, asyncio.timeout(10):
        with pytest.raises(TargetRefused):
            await GuardedNetwork(PRODUCTION).connect_tcp("localhost", receiver.port, timeout=5)
        reply = await WebhookSender(PRODUCTION, answer_seconds=5).send(
            f"https://localhost:{receiver.port}/", [SECRET], "evt_1", b"{}"
        )
    assert reply.error == "an address inside a private network is not called"
    assert receiver.received == []


async def test_a_name_is_refused_when_any_of_its_addresses_is_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    def rebinding(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, 1, 6, "", (address, 443)) for address in ("8.8.8.8", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with pytest.raises(TargetRefused):
        await GuardedNetwork(PRODUCTION).connect_tcp("erp.example", 443, timeout=5)


async def test_a_name_that_nobody_knows_is_a_failed_try() -> None:
    with pytest.raises(httpcore.ConnectError):
        await GuardedNetwork(TargetRules(anywhere=True)).connect_tcp("no-such-host.invalid", 443, timeout=5)


async def test_a_socket_of_this_machine_is_not_called() -> None:
    with pytest.raises(TargetRefused):
        await GuardedNetwork(PRODUCTION).connect_unix_socket("/run/anything")


async def test_what_an_endpoint_answers_is_read_to_a_small_limit_only() -> None:
    async with asyncio.timeout(10):

        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
            try:
                while True:
                    writer.write(b"x" * 65536)
                    await writer.drain()
            except OSError:
                writer.close()

        server = await asyncio.start_server(flood, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        sender = WebhookSender(TargetRules(anywhere=True), answer_seconds=5)
        reply = await sender.send(f"http://127.0.0.1:{port}/", [SECRET], "evt_1", b"{}")
        await sender.aclose()
        server.close()
    assert reply.taken
