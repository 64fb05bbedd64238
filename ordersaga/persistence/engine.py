"""From the address of a database to its engine: what people paste is read as libpq reads it, TLS included.

asyncpg understands libpq's parameters, but only in an address of its own; SQLAlchemy would pass them on as arguments
that there are not, and after a typing mistake would connect without encryption.
"""

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_DRIVER = "postgresql+asyncpg"
_UNDERSTOOD = frozenset(
    "host port passfile target_session_attrs sslmode sslrootcert sslcert sslkey sslpassword sslcrl sslnegotiation "
    "ssl_min_protocol_version ssl_max_protocol_version".split()
)
"""What asyncpg reads of libpq's parameters."""
_SESSION = frozenset({"application_name", "options"})
"""What the server is told at the start of a session."""
_OURS = frozenset({"ssl", "pgbouncer", "connect_timeout"})
_SYSTEM = "system"
"""libpq's name, in place of a file, for the certificate authorities that the machine trusts."""


def engine_at(
    address: str | URL, *, patience: float | None = None, session: Mapping[str, str] | None = None, **pool: Any
) -> AsyncEngine:
    """An engine for `postgresql://user:password@host:port/database?…`; the parameters are described in `Settings`.

    No statement may take longer than `patience` seconds. `session` are server settings, beside UTC, as audit digests
    are made from times as the database writes them. Each statement is planned once in a connection: for some, above all
    those with arrays, PostgreSQL would make a plan each time, which costs more than the statement. So what has to match
    the condition of a partial index is written out, and no parameter.

    Raises `ValueError` for parameters that would not be obeyed.
    """
    url = _read(address)
    said = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
    _refuse_unknown(said)
    if "ssl" in said:  # asyncpg's own name
        said.setdefault("sslmode", said.pop("ssl"))
    arguments: dict[str, Any] = {"timeout": float(said.pop("connect_timeout", 5)), "command_timeout": patience}
    planned = {"plan_cache_mode": "force_generic_plan"}
    if said.pop("pgbouncer", "false") == "true":
        arguments |= _WITHOUT_MEMORY
        planned = {}
    if said.get("sslrootcert") == _SYSTEM:
        arguments["ssl"] = _trusting_the_system(said)
    told = {name: said.pop(name) for name in _SESSION & said.keys()}
    arguments["server_settings"] = {"timezone": "UTC"} | planned | told | dict(session or {})
    if said:
        arguments["dsn"] = f"postgresql://?{urlencode(said, quote_via=quote)}"
    return create_async_engine(url.set(query={}), connect_args=arguments, **pool)


_WITHOUT_MEMORY: Mapping[str, Any] = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}
"""Behind a pooler the next transaction may meet another server, which knows no statement prepared before."""


def driver_url(address: str) -> str:
    """The address with the driver that the project uses, whatever it names."""
    scheme, _, rest = address.partition("://")
    return f"{_DRIVER}://{rest}" if scheme.partition("+")[0] in {"postgres", "postgresql"} else address


def is_pooled(address: str) -> bool:
    """Whether the address leads to a pooler that keeps no session between transactions."""
    return _read(address).query.get("pgbouncer") == "true"


def _read(address: str | URL) -> URL:
    try:
        return make_url(address).set(drivername=_DRIVER)
    except (ArgumentError, ValueError):
        raise ValueError(
            "database_url is no address that can be read; special characters are percent-encoded"
        ) from None


def _refuse_unknown(said: Mapping[str, str]) -> None:
    if unknown := sorted(said.keys() - _UNDERSTOOD - _SESSION - _OURS):
        raise ValueError(f"database_url: {', '.join(unknown)} would not be obeyed; take it out of the address")
    if said.get("pgbouncer", "true") not in {"true", "false"}:
        raise ValueError("database_url: pgbouncer must be true or false")


def _trusting_the_system(said: dict[str, str]) -> ssl.SSLContext:
    """libpq insists on `verify-full` with the system's authorities: anybody can have a certificate of theirs."""
    del said["sslrootcert"]
    if said.pop("sslmode", "verify-full") != "verify-full":
        raise ValueError("database_url: sslrootcert=system needs sslmode=verify-full")
    context = ssl.create_default_context()
    if "sslcert" in said:
        context.load_cert_chain(said.pop("sslcert"), said.pop("sslkey", None), said.pop("sslpassword", None))
    return context
