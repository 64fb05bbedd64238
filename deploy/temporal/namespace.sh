#!/bin/sh
# Makes sure that the namespace exists, once the server serves. An existing one is left as it is.
set -eu
attempts=30

until temporal operator cluster health >/dev/null 2>&1; do
    attempts=$((attempts - 1))
    if [ "$attempts" -le 0 ]; then
        echo "Temporal at $TEMPORAL_ADDRESS does not serve:" >&2
        temporal operator cluster health >&2
        exit 1
    fi
    sleep 2
done

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    echo "the namespace $TEMPORAL_NAMESPACE is there"
else
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$TEMPORAL_RETENTION"
fi
