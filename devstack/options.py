"""How a stack is to be run."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

OWN_COMMAND = (sys.executable, "-P", "-m", "cli")
"""`-P`: a folder `cli` where the user happens to stand is not ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOptions:
    """`port` is the API's preferred one; 0 takes any free port for every part, as tests do.

    `servers_only` starts PostgreSQL, Valkey and Temporal and nothing of the project; `Stack.migrate` can be called
    then. `environment` is added to what the project's processes get. `command` is what stands before a subcommand's
    name. `postgres` are settings of PostgreSQL beside the stack's own.
    """

    data_dir: Path
    port: int = 8000
    profile: Literal["demo", "production"] = "demo"
    workers: int = 1
    simulate: bool = True
    time_skipping: bool = False
    servers_only: bool = False
    ready_file: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = OWN_COMMAND
    postgres: Mapping[str, str] = field(default_factory=dict)
