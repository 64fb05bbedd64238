#!/bin/sh
# Writes .env with fresh secrets beside docker-compose.yml, readable by its owner only; refuses to replace one.
#   sh deploy/make-env.sh               to try it: timers in seconds, the sandbox provider, development tokens
#   sh deploy/make-env.sh production    real timers, your identity provider, no sandbox
set -eu
umask 077
cd "$(dirname "$0")/.."
kind=${1:-development}

hex() { od -An -vtx1 -N "$1" /dev/urandom | tr -d ' \n'; }
key() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }

databases_and_keys() {
    cat <<END
POSTGRES_PASSWORD=$(hex 24)
ORDERSAGA_DATABASE_PASSWORD=$(hex 24)
TEMPORAL_DATABASE_PASSWORD=$(hex 24)
VALKEY_PASSWORD=$(hex 24)

# Key id to 32 bytes in base64; the last one is used. To rotate, add an id. An old quote key may go when its quotes
# have expired; old audit and encryption keys stay: they verify and read what they sealed.
ORDERSAGA_QUOTE__KEYS='{"k1": "$(key)"}'
ORDERSAGA_AUDIT__KEYS='{"k1": "$(key)"}'
ORDERSAGA_ENCRYPTION__KEYS='{"k1": "$(key)"}'
END
}

case $kind in
development)
    text="ORDERSAGA_ENVIRONMENT=development
ORDERSAGA_PROFILE=demo
# How browsers reach the API; the port is the one that is published on this machine.
ORDERSAGA_PORT=8000
ORDERSAGA_PUBLIC_URL=http://localhost:8000

$(databases_and_keys)

# Development only: who has these writes tokens and pays with pretended money.
ORDERSAGA_AUTH__DEVELOPMENT_SECRET=$(hex 32)
ORDERSAGA_SANDBOX__PAYMENT_SECRET=whsec_$(key)
ORDERSAGA_SANDBOX__CARRIER_SECRET=whsec_$(key)"
    ;;
production)
    text="ORDERSAGA_ENVIRONMENT=production
ORDERSAGA_PROFILE=production
# How browsers and payment providers reach the API, through what ends TLS in front of it.
ORDERSAGA_PORT=8000
ORDERSAGA_PUBLIC_URL=https://shop.example
# Whose word on a visitor's address counts. Without it all visitors share the rate limits of one address.
#ORDERSAGA_HTTP__TRUSTED_PROXIES='["172.16.0.0/12"]'

# Your identity provider. The services refuse to start without its keys.
#ORDERSAGA_AUTH__JWKS_URL=https://id.shop.example/.well-known/jwks.json
#ORDERSAGA_AUTH__ISSUER=https://id.shop.example/
#ORDERSAGA_AUTH__AUDIENCE=ordersaga

$(databases_and_keys)"
    ;;
*)
    echo "usage: sh deploy/make-env.sh [development|production]" >&2
    exit 2
    ;;
esac

set -C # a .env that is there holds the passwords of a database that is there
if ! printf '%s\n' "$text" 2>/dev/null >.env; then
    echo ".env is there already; its passwords are those of the volumes. Move it away to make a new one." >&2
    exit 1
fi
echo "wrote .env for $kind"
