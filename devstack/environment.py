"""The variables that children get: the user's own, less what would lead them elsewhere, plus what the stack decides."""

import os
from collections.abc import Mapping

from devstack.ports import LOOPBACK

_FOREIGN = ("PG", "TEMPORAL_")
"""libpq's and Temporal's variables point to other servers, and would add TLS or keys to connections to ours."""


def inherited() -> dict[str, str]:
    """The user's variables without those of other databases and other Temporal servers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return kept | _without_proxies(kept)


def for_postgres() -> dict[str, str]:
    """Also without a language: the user's may not be installed, and the logs are read by programs."""
    kept = {name: value for name, value in inherited().items() if not name.startswith(("LC_", "LANG"))}
    return kept | {"LC_ALL": "C"}


def for_programs(decided: Mapping[str, str]) -> dict[str, str]:
    return inherited() | {"PYTHONUNBUFFERED": "1"} | dict(decided)


def _without_proxies(kept: Mapping[str, str]) -> dict[str, str]:
    """A proxy that the user needs for the network must not be asked for what runs on this machine."""
    named = ",".join(filter(None, (kept.get("NO_PROXY") or kept.get("no_proxy"), LOOPBACK, "localhost")))
    return {"NO_PROXY": named, "no_proxy": named}
