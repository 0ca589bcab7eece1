#!/bin/sh
# Uploads one picture with curl and openssl: sh upload.sh PICTURE
# Signed with MD5: openssl takes an HMAC's key only as an argument, which every user can read.
set -eu
: "${WXPAY_MCH_ID:?}" "${WXPAY_API_KEY:?}" "${WXPAY_CERT:?}" "${WXPAY_KEY:?}"
endpoint=${WXPAY_ENDPOINT:-https://api.mch.weixin.qq.com}

# stdin → MD5 in lower-case hex
md5() { openssl dgst -md5 -r | cut -d ' ' -f 1; }
# canonical string on stdin, without the key → signature
sign() { printf '%s&key=%s' "$(cat)" "$WXPAY_API_KEY" | md5 | tr a-f A-F; }

hash=$(md5 < "$1")
# Sorted by byte: mch_id comes before media_hash.
sign=$(printf 'mch_id=%s&media_hash=%s' "$WXPAY_MCH_ID" "$hash" | sign)

reply=$(curl --silent --show-error --max-time 30 \
    --cert "$WXPAY_CERT" --key "$WXPAY_KEY" ${WXPAY_CA:+--cacert "$WXPAY_CA"} \
    -F "mch_id=$WXPAY_MCH_ID" -F "media_hash=$hash" -F "sign=$sign" -F "media=@$1" \
    "$endpoint/secapi/mch/uploadmedia")

# The reply's fields as name=value lines. Without a signature that fits, a success is not believed.
fields=$(printf '%s' "$reply" | tr -d '\n' |
    grep -oE '<[a-z_]+><!\[CDATA\[[^]]*\]\]>' | sed -E 's/^<([a-z_]+)><!\[CDATA\[(.*)\]\]>$/\1=\2/')
field() { printf '%s\n' "$fields" | sed -n "s/^$1=//p"; }
expected=$(printf '%s\n' "$fields" | grep -vE '^sign=|=$' | LC_ALL=C sort | paste -sd '&' - | tr -d '\n' | sign)

if [ "$(field return_code)/$(field result_code)" != SUCCESS/SUCCESS ]; then
    printf 'refused: %s\n' "$reply" >&2
    exit 1
elif [ "$(field sign)" != "$expected" ]; then
    printf 'the reply is not signed by the gateway\n' >&2
    exit 1
fi
field media_id
