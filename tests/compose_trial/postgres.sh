#!/bin/sh
# Does with a new volume what the image's entry point does, then becomes the server.
set -eu
export PGDATA=/var/lib/postgresql/18/docker
as_postgres() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }

mkdir -p "$PGDATA"
chown -R postgres:postgres /var/lib/postgresql
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf '%s' "${POSTGRES_PASSWORD:?}" >/tmp/password
    chown postgres /tmp/password
    as_postgres initdb -D "$PGDATA" -U postgres -E UTF8 --pwfile=/tmp/password --auth-local=trust --auth-host=scram-sha-256
    rm /tmp/password
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    as_postgres pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -c unix_socket_directories=/tmp" -w start
    for file in /docker-entrypoint-initdb.d/*.sql; do
        psql -h /tmp -U postgres -v ON_ERROR_STOP=1 -f "$file"
    done
    as_postgres pg_ctl -D "$PGDATA" -m fast -w stop
fi
[ "$1" = postgres ] && shift
exec setpriv --reuid postgres --regid postgres --clear-groups \
    postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp "$@"
