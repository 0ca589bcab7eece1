#!/bin/sh
# Uploads one picture through `wxpay serve` with curl: sh serve.sh PICTURE
set -eu
url=${WXPAY_SERVE:-http://127.0.0.1:8479}/v1/media
# The token goes through a pipe: every user of the machine can read an argument.
answer=$(printf 'header = "Authorization: Bearer %s"\n' "$(cat "$WXPAY_SERVE_TOKEN_FILE")" |
    curl --silent --show-error --max-time 60 --noproxy '*' --config - --data-binary "@$1" "$url") || exit 1
field() { printf '%s\n' "$answer" | sed -nE 's/.*"'"$1"'":"(([^"\\]|\\.)*)".*/\1/p'; }
if [ -z "$(field media_id)" ]; then
    field message >&2
    exit 1
fi
field media_id
