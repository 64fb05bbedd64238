"""Stands in for the Temporal server's image: demands what that needs, then runs the real server on SQLite."""

import os
import subprocess

import yaml

_NEEDED = (
    "DB POSTGRES_SEEDS DB_PORT POSTGRES_USER POSTGRES_PWD DBNAME VISIBILITY_DBNAME BIND_ON_IP NUM_HISTORY_SHARDS "
    "DYNAMIC_CONFIG_FILE_PATH"
).split()


def main() -> None:
    given = os.environ
    if missing := [name for name in _NEEDED if not given.get(name)]:
        raise SystemExit(f"not set: {', '.join(missing)}")
    for database in (given["DBNAME"], given["VISIBILITY_DBNAME"]):
        where = ("-h", given["POSTGRES_SEEDS"], "-p", given["DB_PORT"], "-U", given["POSTGRES_USER"], "-d", database)
        asked = ("psql", "-qAt", *where, "-c", "SELECT version FROM schema_version")
        subprocess.run(asked, env={**given, "PGPASSWORD": given["POSTGRES_PWD"]}, check=True, timeout=20)  # noqa: S603
    with open(given["DYNAMIC_CONFIG_FILE_PATH"]) as file:
        switches = yaml.safe_load(file)
    switched = [
        part
        for name, values in switches.items()
        for part in ("--dynamic-config-value", f"{name}={str(values[0]['value']).lower()}")
    ]
    command = (
        *("temporal", "server", "start-dev", "--ip", given["BIND_ON_IP"], "--port", "7233", "--ui-port", "8233"),
        *("--db-filename", "/data/temporal.db", "--sqlite-pragma", "journal_mode=wal"),
        *("--sqlite-pragma", "synchronous=normal", "--log-level", "warn", "--disable-config-file"),
        *("--ui-disable-news-fetch", *switched),
    )
    os.execvp(command[0], command)  # noqa: S606 - it becomes the server


main()
