"""Every known mistake in signing, made with Python's standard library and not with the crate.

Prints a line for each case, in fields that are separated by spaces: the mistakes' names joined by `+`
(`right` and `unknown` too), the key, a further key, the signature, the file's name, its bytes, and
the fields `NAME=VALUE` in sending order. All but the names is in hexadecimal digits, `-` where there is none.
"""

import base64
import hashlib
import hmac
import json
import urllib.parse

KEY = "192006250b4c09247ec02edce69f6a2d"
MIXED_KEY = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6"
OTHER = "00112233445566778899aabbccddeeff"
HASH = "709d1e858d2ef9d0501cc053668b2872"
NAME = "shop front.png"
CONTENT = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
HMAC = "HMAC-SHA256"

# In an order that is neither sorted nor the other way round.
MD5_SENT = [("mch_id", "1000000000"), ("note", "a b"), ("media_hash", HASH)]
HMAC_SENT = MD5_SENT[:1] + [("sign_type", HMAC)] + MD5_SENT[1:]
FIELDS = "mch_id=1000000000&media_hash=" + HASH + "&note=a b"
HMAC_FIELDS = FIELDS + "&sign_type=" + HMAC


def encode(text):
    return text if isinstance(text, bytes) else text.encode()


def md5(text):
    return hashlib.md5(encode(text), usedforsecurity=False).digest()


def sha256(text):
    return hashlib.sha256(encode(text)).digest()


def hmac_sha256(text, key=KEY):
    return hmac.new(encode(key), encode(text), hashlib.sha256).digest()


def upper(digest):
    return digest.hex().upper()


def case(ids, sign, sent=MD5_SENT, key=KEY, name=NAME, content=CONTENT):
    sign = sign if isinstance(sign, str) else upper(sign)
    options = (key, OTHER, sign, name, content)
    words = [encode(option).hex() if option else "-" for option in options]
    pairs = [encode(n).hex() + "=" + encode(v).hex() for n, v in sent]
    print(ids, *words, *pairs)


def both(ids, mistaken, **more):
    """With MD5 and with HMAC-SHA256: `mistaken` makes the string from the fields."""
    case(ids, md5(mistaken(FIELDS)), **more)
    case(ids, hmac_sha256(mistaken(HMAC_FIELDS)), sent=HMAC_SENT, **more)


def with_key(ids, wrong, key=KEY):
    """With a key that is wrong wherever it stands."""
    case(ids, md5(FIELDS + "&key=" + wrong), key=key)
    case(ids, hmac_sha256(HMAC_FIELDS + "&key=" + wrong, wrong), sent=HMAC_SENT, key=key)


def signed(fields):
    return fields + "&key=" + KEY


MD5_RIGHT = md5(signed(FIELDS))
HMAC_RIGHT = hmac_sha256(signed(HMAC_FIELDS))

case("right", MD5_RIGHT)
case("right", HMAC_RIGHT, HMAC_SENT)
case("right", MD5_RIGHT, MD5_SENT + [("sign", upper(MD5_RIGHT)), ("empty", ""), ("media", "x")])
case("unknown", "0" * 32)
case("unknown", "0" * 64, HMAC_SENT)
case("unknown", "F" * 40)
case("unknown", "")

# The algorithm and `sign_type`.
case("hmac_for_md5", hmac_sha256(signed(FIELDS)))
case("md5_for_hmac", md5(signed(HMAC_FIELDS)), HMAC_SENT)
for spelt in ("hmac-sha256", "HMAC_SHA256", "HMAC-SHA256 ", "sha256"):
    sent = MD5_SENT + [("sign_type", spelt)]
    case("sign_type_misspelt", hmac_sha256(signed(FIELDS + "&sign_type=" + spelt)), sent)
case("sign_type_not_signed", hmac_sha256(signed(FIELDS)), HMAC_SENT)
case("md5_for_hmac+sign_type_not_signed", md5(signed(FIELDS)), HMAC_SENT)
case("sign_type_not_signed", md5(signed(FIELDS)), MD5_SENT + [("sign_type", "MD5")])
case("sign_type_not_sent", HMAC_RIGHT)
case("sign_type_not_sent", md5(signed(FIELDS + "&sign_type=MD5")))
case("sign_type_not_sent", md5(signed(HMAC_FIELDS)))
case("sign_type_changed", HMAC_RIGHT, MD5_SENT + [("sign_type", "MD5")])
case("sign_type_changed", md5(signed(FIELDS + "&sign_type=MD5")), HMAC_SENT)
case("sha256_without_hmac", sha256(signed(HMAC_FIELDS)), HMAC_SENT)
case("sha256_without_hmac", sha256(signed(FIELDS)))
case("hmac_md5", hmac.new(KEY.encode(), signed(FIELDS).encode(), hashlib.md5).digest())

# The order.
swapped = ["media_hash=" + HASH, "mch_id=1000000000", "note=a b"]
case("media_hash_first", md5(signed("&".join(swapped))))
case("media_hash_first", hmac_sha256(signed("&".join(swapped + ["sign_type=" + HMAC]))), HMAC_SENT)
case("media_hash_first", "AAC022AA3953C36E6240111A191FC940", [("mch_id", "1000000000"), ("media_hash", HASH)])
case("sending_order", md5(signed("&".join(map("=".join, MD5_SENT)))))
case("sending_order", hmac_sha256(signed("&".join(map("=".join, HMAC_SENT)))), HMAC_SENT)
case("descending_order", md5(signed("&".join(reversed(FIELDS.split("&"))))))
sent = MD5_SENT + [("Zone", "1"), ("a", "zz")]
case("order_ignores_case", md5(signed("a=zz&" + FIELDS + "&Zone=1")), sent)
case("sorted_by_value", md5(signed("&".join(map("=".join, sorted(sent, key=lambda pair: pair[1]))))), sent)
sent = MD5_SENT + [("mch_id2", "5")]
case("sorted_by_pair", md5(signed("&".join(sorted(map("=".join, sent))))), sent)

# Which fields.
sent = MD5_SENT + [("a", ""), ("zone", "")]
case("empty_signed", md5(signed("a=&" + FIELDS + "&zone=")), sent)
case("field_not_signed", md5(signed(FIELDS.replace("&note=a b", ""))))
case("field_not_signed", hmac_sha256(signed(HMAC_FIELDS.replace("mch_id=1000000000&", ""))), HMAC_SENT)
case("field_repeated", md5(signed(FIELDS)), MD5_SENT + [("note", "c")])
case("field_repeated", md5(signed(FIELDS)), [("note", "c")] + MD5_SENT)
case("field_repeated", md5(signed(FIELDS + "&note=c")), MD5_SENT + [("note", "c")])
case("field_repeated", HMAC_RIGHT, HMAC_SENT + [("sign_type", "MD5")])
case("field_repeated+lower_case", md5(signed(FIELDS + "&note=c")).hex(), MD5_SENT + [("note", "c")])
# In the order of the names as they were signed.
for name in ("mchid", "mchId", "mchID", "mch-id"):
    both("field_renamed", lambda fields: signed(fields.replace("mch_id", name)))
case("field_renamed", md5(signed("MCH_ID=1000000000&" + FIELDS.split("&", 1)[1])))
case("field_renamed", md5(signed("MchId=1000000000&" + FIELDS.split("&", 1)[1])))
for name in ("mediahash", "mediaHash", "media-hash"):
    both("field_renamed", lambda fields: signed(fields.replace("media_hash", name)))
for name in ("signtype", "signType", "sign-type"):
    case("field_renamed", hmac_sha256(signed(HMAC_FIELDS.replace("sign_type", name))), HMAC_SENT)
both("field_renamed", lambda fields: signed(fields.replace("h_i", "hI").replace("a_h", "aH").replace("n_t", "nT")))
both("field_renamed", lambda fields: signed(fields.replace("h_i", "hi").replace("a_h", "ah").replace("n_t", "nt")))
case("field_renamed", md5(signed(FIELDS)), [("mchid", "1000000000")] + MD5_SENT[1:])
case("field_renamed+lower_case", md5(signed(FIELDS.replace("mch_id", "mchid"))).hex())
case("hmac_for_md5+field_renamed", hmac_sha256(signed(FIELDS.replace("mch_id", "mchid"))))
both("sign_signed", lambda fields: signed(fields.replace("&sign_type", "&sign=&sign_type") if "sign_type" in fields else fields + "&sign="))
case("sign_signed", md5(signed(FIELDS + "&sign=" + upper(MD5_RIGHT))))
case("sign_signed", hmac_sha256(signed(HMAC_FIELDS.replace("&sign_type", "&sign=" + upper(HMAC_RIGHT) + "&sign_type"))), HMAC_SENT)
case("sign_signed", md5(signed(FIELDS + "&sign=old")), MD5_SENT + [("sign", "old")])
for nothing in ("null", "undefined", "None"):
    case("sign_signed", md5(signed(FIELDS + "&sign=" + nothing)))


def with_file(name, value):
    value = encode(value)
    pairs = sorted(FIELDS.encode().split(b"&") + [name.encode() + b"=" + value])
    # `media` comes before `media_hash`, which the order of the pairs would not have.
    pairs.sort(key=lambda pair: pair.split(b"=", 1)[0])
    return md5(b"&".join(pairs) + b"&key=" + KEY.encode())


case("file_name_signed", with_file("media", NAME))
case("file_name_signed", with_file("media", "@" + NAME))
case("file_name_signed", with_file("filename", NAME))
case("file_name_signed", with_file("file_name", NAME))
case("content_signed", with_file("media", CONTENT))
case("content_signed", with_file("media", CONTENT.decode("utf-8", "replace")))
case("content_signed", with_file("media", CONTENT.decode("latin-1")))
case("content_signed", with_file("media", base64.b64encode(CONTENT)))
case("content_signed+lower_case", with_file("media", CONTENT).hex())
for value in ("", HASH, "[object Object]", "[object File]", "[object Blob]", "Array"):
    case("media_signed", with_file("media", value))
case("media_signed", with_file("media", "http://a/b.png"), MD5_SENT + [("media", "http://a/b.png")], name=None)

# The values.
TRICKY = "a b/~*'()!<签"


def with_value(ids, written, value=TRICKY):
    sent = MD5_SENT[:1] + [("note", value)] + MD5_SENT[2:]
    case(ids, md5(signed(FIELDS.replace("a b", written))), sent)


RFC_3986 = urllib.parse.quote(TRICKY, safe="")
with_value("values_url_encoded", RFC_3986)
with_value("values_url_encoded", urllib.parse.quote(TRICKY))
with_value("values_url_encoded", urllib.parse.quote_plus(TRICKY))
with_value("values_url_encoded", urllib.parse.quote(TRICKY, safe="!~*'()"))  # JavaScript
with_value("values_url_encoded", urllib.parse.quote_plus(TRICKY).replace("~", "%7E"))  # PHP
with_value("values_url_encoded", urllib.parse.quote_plus(TRICKY, safe="*").replace("~", "%7E"))  # Java
with_value("values_url_encoded", "a+b%2f%7e*%27()!%3c%e7%ad%be")  # .NET
with_value("values_url_decoded", TRICKY, RFC_3986)
with_value("values_url_decoded", "a b", "a+b")
with_value("values_trimmed", "a b", " a b\r\n")
both("value_line_end", lambda fields: signed(fields.replace("a b", "a b\n")))
both("value_line_end", lambda fields: signed(fields.replace(HASH, HASH + "\n")))
both("value_line_end", lambda fields: signed(fields.replace(HASH, HASH + " ")))
both("value_line_end", lambda fields: signed(fields.replace("&", "\n&") + "\n"))
both("value_line_end", lambda fields: signed(fields.replace("&", "\r\n&") + "\r\n"))
both("media_hash_in_other_case", lambda fields: signed(fields.replace(HASH, HASH.upper())))
case("values_in_other_case", md5(signed(FIELDS.replace("a b", "A B").replace(HASH, HASH.upper()))))
case("values_in_other_case", hmac_sha256(signed(FIELDS + "&sign_type=hmac-sha256")), HMAC_SENT)
with_value("values_html_escaped", "&lt;a href=&quot;b&quot;&gt;&amp;", '<a href="b">&')
both("values_quoted", lambda fields: signed('"&'.join(fields.replace("=", '="').split("&")) + '"'))
both("values_quoted", lambda fields: signed("'&".join(fields.replace("=", "='").split("&")) + "'"))

# How they are joined.
for separator in ("&amp;", ",", "", "\n", "|", ";"):
    ids = "html_separator" if separator == "&amp;" else "other_separator"
    both(ids, lambda fields: signed(fields).replace("&", separator))
for separator in ("&amp;", ",", ""):
    ids = "html_separator" if separator == "&amp;" else "other_separator"
    both(ids, lambda fields: signed(fields.replace("&", separator)))
both("other_separator", lambda fields: fields.replace("&", "") + KEY)
bare = FIELDS.replace("=", "").replace("&", "")
case("names_not_joined", md5(bare + "key" + KEY))
case("names_not_joined", md5(bare + KEY))
case("names_not_joined", md5(KEY + bare + KEY))
values = [pair.split("=")[1] for pair in FIELDS.split("&")]
case("names_not_joined", md5(signed("&".join(values))))
case("names_not_joined", md5("&".join(values) + "&" + KEY))
case("names_not_joined", md5("".join(values) + KEY))
quoting = MD5_SENT + [("quote", '"\\\n\x01签')]
compact = {"separators": (",", ":"), "ensure_ascii": False}
ascending = json.dumps(dict(sorted(quoting)), **compact)
sending = json.dumps(dict(quoting), **compact)
for text in (ascending, sending):
    case("object_signed", md5(signed(text)), quoting)
    case("object_signed", md5(text + KEY), quoting)
    case("object_signed", md5(text), quoting)
case("object_signed", md5(json.dumps(dict(sorted(MD5_SENT + [("key", KEY)])), **compact)))
case("object_signed", md5(signed(json.dumps(dict(sorted(MD5_SENT))))))
case("object_signed", md5(signed(json.dumps(dict(MD5_SENT)))))
case("object_signed", md5(signed("{" + FIELDS.replace("&", ", ") + "}")))
case("object_signed", md5(signed(str(dict(sorted(MD5_SENT))))))
case("object_signed", md5(signed(str(dict(MD5_SENT)))))

# The key: where it stands.
case("key_missing", md5(FIELDS))
case("hmac_without_key_in_string", hmac_sha256(HMAC_FIELDS), HMAC_SENT)
case("hmac_for_md5+hmac_without_key_in_string", hmac_sha256(FIELDS))
for ids, places in {
    "key_joined_bare": ["{f}{k}", "{f}&{k}"],
    "key_ampersand_missing": ["{f}key={k}"],
    "key_first": ["{k}{f}", "key={k}&{f}", "{k}&{f}", "key={k}{f}"],
    "key_twice": ["{f}&key={k}&key={k}", "{k}{f}{k}"],
    "key_not_last": ["{f}&key={k}&"],
    "extra_separator": ["&{f}&key={k}", "?{f}&key={k}", "{f}&&key={k}"],
}.items():
    for place in places:
        both(ids, lambda fields: place.format(f=fields, k=KEY))
for name in ("KEY", "Key", "api_key", "apikey", "apiKey", "app_key", "mch_key", "partner_key", "secret"):
    both("key_renamed", lambda fields: fields + "&" + name + "=" + KEY)
sent = MD5_SENT + [("appid", "x")]
case("key_sorted", md5("appid=x&key=" + KEY + "&" + FIELDS), sent)
case("key_sorted", md5("appid=x&key=" + KEY + "&" + FIELDS), sent + [("key", KEY)])
case("key_sent", MD5_RIGHT, MD5_SENT + [("key", KEY)])
case("key_twice", md5(signed("appid=x&key=" + KEY + "&" + FIELDS)), sent)
# With MD5 it is the key's own line end.
case("key_not_last", hmac_sha256(signed(HMAC_FIELDS) + "\n"), HMAC_SENT)
case("key_not_last", hmac_sha256(signed(HMAC_FIELDS) + "\r\n"), HMAC_SENT)

# The key: how it reads.
for space in ("\n", "\r\n", " ", "\r", "\t"):
    with_key("key_line_end", KEY + space)
with_key("key_line_end", " " + KEY)
with_key("key_line_end", " " + KEY + " ")
with_key("key_quoted", '"' + KEY + '"')
with_key("key_quoted", "'" + KEY + "'")
with_key("key_byte_order_mark", "\ufeff" + KEY)
with_key("key_upper_case", MIXED_KEY.upper(), MIXED_KEY)
with_key("key_lower_case", MIXED_KEY.lower(), MIXED_KEY)
with_key("key_hashed", md5(KEY).hex())
with_key("key_hashed", upper(md5(KEY)))
for nothing in ("", "undefined", "null", "None"):
    with_key("key_empty", nothing)
case("key_empty", hmac_sha256(HMAC_FIELDS + "&key="), HMAC_SENT)
with_key("other_key", OTHER)

# The key: what HMAC was given.
for key in (md5(KEY).hex(), upper(md5(KEY)), md5(KEY)):
    case("hmac_key_hashed", hmac_sha256(signed(HMAC_FIELDS), key), HMAC_SENT)
    case("hmac_for_md5+hmac_key_hashed", hmac_sha256(signed(FIELDS), key))
case("hmac_key_decoded", hmac_sha256(signed(HMAC_FIELDS), bytes.fromhex(KEY)), HMAC_SENT)
case("hmac_key_empty", hmac_sha256(signed(HMAC_FIELDS), b""), HMAC_SENT)
case("hmac_arguments_swapped", hmac_sha256(KEY, signed(HMAC_FIELDS)), HMAC_SENT)

# The whole string.
both("string_byte_order_mark", lambda fields: "\ufeff" + signed(fields))
both("string_in_one_case", lambda fields: signed(fields).upper())
lower = (HMAC_FIELDS + "&key=" + MIXED_KEY).lower()
case("string_in_one_case", hmac_sha256(lower, MIXED_KEY), HMAC_SENT, MIXED_KEY)
both("string_url_encoded", lambda fields: urllib.parse.quote(signed(fields), safe=""))
both("string_url_encoded", lambda fields: urllib.parse.quote_plus(signed(fields)))
lower_percent = signed(FIELDS).replace("=", "%3d").replace("&", "%26").replace(" ", "+")
case("string_url_encoded", md5(lower_percent))
wide = MD5_SENT + [("zone", "é签")]
text = signed(FIELDS + "&zone=é签")
case("string_not_utf8", md5(text.encode("latin-1", "replace")), wide)
case("string_not_utf8", md5(text.replace("签", chr(ord("签") & 0xFF)).encode("latin-1")), wide)
case("string_not_utf8", md5(text.encode().decode("latin-1").encode()), wide)
case("string_not_utf8", md5(text.encode("utf-16-le")), wide)
for before in (md5(signed(FIELDS)).hex(), upper(md5(signed(FIELDS))), md5(signed(FIELDS))):
    case("hashed_twice", md5(before))
case("hashed_twice", hmac_sha256(md5(signed(HMAC_FIELDS)).hex()), HMAC_SENT)

# How it is written.
SMALL = next(
    (value, digest)
    for value in map(str, range(100_000))
    for digest in [md5(signed(FIELDS.replace("a b", value)))]
    if digest[0] < 0x10 and digest[5] < 0x10
)
small = MD5_SENT[:1] + [("note", SMALL[0])] + MD5_SENT[2:]
for right, sent in ((MD5_RIGHT, MD5_SENT), (HMAC_RIGHT, HMAC_SENT)):
    case("lower_case", right.hex(), sent)
    case("padded", upper(right) + "\n", sent)
    case("padded", '"' + upper(right) + '"', sent)
    case("lower_case+padded", right.hex() + "\r\n", sent)
    for text in (right, right.hex().encode(), upper(right).encode()):
        case("base64", base64.b64encode(text).decode(), sent)
        case("base64", base64.urlsafe_b64encode(text).decode().rstrip("="), sent)
    for separator in "-: ":
        case("digits_separated", right.hex(separator).upper(), sent)
        case("digits_separated+lower_case", right.hex(separator), sent)
    case("hex_twice", right.hex().encode().hex(), sent)
    case("hex_twice", upper(upper(right).encode()), sent)
    extended = "".join(f"{byte | 0xFFFFFF00 if byte > 0x7F else byte:x}" for byte in right)
    case("sign_extended+lower_case", extended, sent)
    extended = "".join(f"{byte | 0xFFFFFF00 if byte > 0x7F else byte:02x}" for byte in right)
    case("sign_extended+lower_case", extended, sent)
case("truncated", upper(HMAC_RIGHT)[:32], HMAC_SENT)
case("truncated+lower_case", HMAC_RIGHT.hex()[:32], HMAC_SENT)
case("unknown", upper(HMAC_RIGHT)[:31], HMAC_SENT)
case("unknown", upper(HMAC_RIGHT)[32:], HMAC_SENT)
case("unknown", upper(MD5_RIGHT)[:31])
case("unknown", upper(MD5_RIGHT)[:16])
case("zeros_missing", f"{int.from_bytes(SMALL[1], 'big'):X}", small)
case("zeros_missing+lower_case", "".join(f"{byte:x}" for byte in SMALL[1]), small)

# Two at a time.
case("sending_order+key_joined_bare", md5("&".join(map("=".join, MD5_SENT)) + KEY))
case("hmac_for_md5+media_hash_first", hmac_sha256(signed("&".join(swapped))))
case("hmac_for_md5+key_line_end", hmac_sha256(FIELDS + "&key=" + KEY + "\n", KEY + "\n"))
case("md5_for_hmac+sending_order+lower_case", md5(signed("&".join(map("=".join, HMAC_SENT)))).hex(), HMAC_SENT)
case("sign_type_not_signed+sending_order", hmac_sha256(signed("&".join(map("=".join, MD5_SENT)))), HMAC_SENT)
case("empty_signed+key_missing", md5(FIELDS + "&zone="), MD5_SENT + [("zone", "")])
case("other_key+lower_case", md5(FIELDS + "&key=" + OTHER).hex())
case("hmac_for_md5+other_key", hmac_sha256(FIELDS + "&key=" + OTHER, OTHER))
case("media_hash_first+other_key", md5("&".join(swapped) + "&key=" + OTHER))
case("file_name_signed+key_missing", md5("mch_id=1000000000&media=" + NAME + "&media_hash=" + HASH + "&note=a b"))
