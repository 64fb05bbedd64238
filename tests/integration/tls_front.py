"""TLS in front of the stack's servers, as managed services have it: the embedded ones are built without.

What is behind it is real; so is what our own side does: its addresses, its certificates, what it refuses.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = "127.0.0.1"
_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""What a client of PostgreSQL sends first when it wants TLS; the server answers `S`."""


@dataclass(frozen=True, slots=True)
class Certificate:
    chain: Path
    key: Path


class Authority:
    """A certificate authority of a test's own; `root` is its certificate in PEM."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._key, self._name = folder, ec.generate_private_key(ec.SECP256R1()), name
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        built = self._builder(self._subject, self._key).add_extension(constraints, critical=True)
        self.root = folder / f"{name}.pem"
        self.root.write_bytes(built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, address: str | None = None) -> Certificate:
        """For a server of that host name and address, or a client of that name."""
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName(name)]
        if address:
            names.append(x509.IPAddress(IPv4Address(address)))
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        built = (
            self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(purposes, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        files = Certificate(self._folder / f"{self._name}-{name}.pem", self._folder / f"{self._name}-{name}.key")
        files.chain.write_bytes(built.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        files.key.write_bytes(pem)
        return files

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
        )


def serving(
    certificate: Certificate, *, clients_of: Authority | None = None, speaks: str | None = None
) -> ssl.SSLContext:
    """How the front serves. It wants certificates of its clients where `clients_of` is given."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.chain, certificate.key)
    if speaks:
        context.set_alpn_protocols([speaks])
    if clients_of:
        context.load_verify_locations(clients_of.root)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@asynccontextmanager
async def tls_front(target: str, context: ssl.SSLContext, *, asked: bool = False) -> AsyncIterator[int]:
    """A port on the loopback that ends TLS and passes everything on to `target` (`host:port`).

    `asked`: TLS begins when the client asks for it, as PostgreSQL's does; who does not ask is turned away.
    """
    host, _, port = target.rpartition(":")
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        task.add_done_callback(running.discard)
        with suppress(OSError, EOFError):  # clients go as they like: that is what some tests are about
            try:
                if asked:
                    if await reader.readexactly(len(_SSL_REQUEST)) != _SSL_REQUEST:
                        return
                    writer.write(b"S")
                    await writer.start_tls(context)
                await _pass_on(reader, writer, host, int(port))
            finally:
                writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0, ssl=None if asked else context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
    behind, to_behind = await asyncio.open_connection(host, port)

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
        sink.close()

    try:
        await asyncio.gather(copy(reader, to_behind), copy(behind, writer))
    finally:
        to_behind.close()
