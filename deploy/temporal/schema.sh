#!/bin/sh
# Brings Temporal's two databases to the schema of this server version. Safe to run again: versions are recorded.
# The password is in SQL_PASSWORD; PostgreSQL's first start has made the databases and their owner.
set -eu

on() { # database, command …
    database=$1
    shift
    temporal-sql-tool --plugin postgres12 --ep "$SQL_HOST" -p "$SQL_PORT" -u "$SQL_USER" --db "$database" "$@"
}

on temporal setup-schema -v 0.0
on temporal update-schema -d /etc/temporal/schema/postgresql/v12/temporal/versioned

on temporal_visibility setup-schema -v 0.0
on temporal_visibility update-schema -d /etc/temporal/schema/postgresql/v12/visibility/versioned
