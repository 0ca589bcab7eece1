"""Makes every known mistake in signing with Python's standard library, not with the crate.

Prints a line for each case, its fields separated by spaces: the mistakes' names joined by `+` (or `right` or
`unknown`), the key, a further key, the signature, the file's name, its bytes, and the request's fields
`NAME=VALUE` in sending order. All but the names is in hexadecimal digits, `-` where there is none.
"""

import base64
import hashlib
import hmac
import json
import re
from urllib.parse import quote, quote_plus

KEY = "192006250b4c09247ec02edce69f6a2d"
MIXED_KEY = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6"
OTHER = "00112233445566778899aabbccddeeff"
HASH = "709d1e858d2ef9d0501cc053668b2872"
NAME = "shop front.png"
CONTENT = b"\x89PNG\r\n\x1a\n" + bytes(range(256))

# The fields in an order that is neither ascending nor descending.
MD5_SENT = [("mch_id", "1000000000"), ("note", "a b"), ("media_hash", HASH)]
HMAC_SENT = MD5_SENT[:1] + [("sign_type", "HMAC-SHA256")] + MD5_SENT[1:]


def encode(text):
    return text if isinstance(text, bytes) else text.encode(errors="surrogateescape")


def md5(text, _=KEY):
    return hashlib.md5(encode(text), usedforsecurity=False).digest()


def hmac_sha256(text, key=KEY):
    return hmac.digest(encode(key), encode(text), "sha256")


def upper(digest):
    return digest.hex().upper()


def joined(pairs):
    return "&".join(map("=".join, pairs))


def signed(fields, key=KEY):
    return fields + "&key=" + key


def case(names, sign, sent=MD5_SENT, key=KEY, name=NAME):
    options = (key, OTHER, sign if isinstance(sign, str) else upper(sign), name, CONTENT)
    words = [encode(option).hex() if option else "-" for option in options]
    print(names, *words, *(encode(n).hex() + "=" + encode(v).hex() for n, v in sent))


FIELDS = joined(sorted(MD5_SENT))
HMAC_FIELDS = joined(sorted(HMAC_SENT))
BOTH = ((FIELDS, md5, MD5_SENT), (HMAC_FIELDS, hmac_sha256, HMAC_SENT))
RIGHT = signed(FIELDS)
MD5_RIGHT, HMAC_RIGHT = (sign(signed(fields)) for fields, sign, _ in BOTH)


def changed(names, change):
    """Changes the right string, under either algorithm."""
    for fields, sign, sent in BOTH:
        case(names, sign(change(signed(fields))), sent)


def with_key(names, wrong, key=KEY):
    """Takes a wrong key for the string and for HMAC."""
    for fields, sign, sent in BOTH:
        case(names, sign(signed(fields, wrong), wrong), sent, key)


changed("right", str)
case("right", MD5_RIGHT, MD5_SENT + [("sign", upper(MD5_RIGHT)), ("empty", ""), ("media", "x")])
for length, sent in ((0, MD5_SENT), (32, MD5_SENT), (40, MD5_SENT), (64, HMAC_SENT)):
    case("unknown", "0" * length, sent)

# Changes of the right string: a pattern, and what stands in place of each match.
WHOLE = "(.*)&key=(.*)"
for names, pattern, *replacements in [
    # In the order of the names as they were signed.
    ("field_renamed", "mch_id", "mchid", "mchId", "mchID", "mch-id"),
    ("field_renamed", "media_hash", "mediahash", "mediaHash", "media-hash"),
    ("field_renamed", "_", ""),
    ("field_renamed", "_(.)", lambda match: match[1].upper()),
    ("sign_signed", "a b", "a b&sign=", "a b&sign=null", "a b&sign=undefined", "a b&sign=None"),
    ("value_line_end", "a b", "a b\n"),
    ("value_line_end", HASH, HASH + "\n", HASH + " "),
    ("value_line_end", "&", "\n&", "\r\n&"),
    ("media_hash_in_other_case", HASH, HASH.upper()),
    ("values_quoted", "=(.*?)&", r'="\1"&', r"='\1'&"),
    ("html_separator", "&", "&amp;"),
    ("html_separator", "&(?!key)", "&amp;"),
    ("other_separator", "&", ",", "", "\n", "|", ";"),
    ("other_separator", "&(?!key)", ",", ""),
    ("other_separator", "&(key=)?", ""),
    ("extra_separator", "^", "&", "?"),
    ("extra_separator", "&key", "&&key"),
    ("key_joined_bare", "&key=", "", "&"),
    ("key_ampersand_missing", "&key", "key"),
    ("key_first", WHOLE, r"\2\1", r"key=\2&\1", r"\2&\1", r"key=\2\1"),
    ("key_twice", WHOLE, r"\1&key=\2&key=\2", r"\2\1\2"),
    ("key_not_last", "$", "&"),
    ("key_renamed", "key", *"KEY Key api_key apikey apiKey app_key mch_key partner_key secret".split()),
    ("string_byte_order_mark", "^", "\ufeff"),
]:
    for replacement in replacements:
        changed(names, lambda text: re.sub(pattern, replacement, text))
changed("string_in_one_case", str.upper)
changed("string_url_encoded", lambda text: quote(text, safe=""))
changed("string_url_encoded", quote_plus)

# The algorithm and `sign_type`.
MD5_NAMED = MD5_SENT + [("sign_type", "MD5")]
case("hmac_for_md5", hmac_sha256(RIGHT))
case("hmac_for_md5", hmac_sha256(signed(FIELDS + "&sign_type=MD5")), MD5_NAMED)
case("md5_for_hmac", md5(signed(HMAC_FIELDS)), HMAC_SENT)
for spelt in ("hmac-sha256", "HMAC_SHA256", "HMAC-SHA256 ", "sha256"):
    sent = MD5_SENT + [("sign_type", spelt)]
    case("sign_type_misspelt", hmac_sha256(signed(joined(sorted(sent)))), sent)
case("sign_type_not_signed", hmac_sha256(RIGHT), HMAC_SENT)
case("md5_for_hmac+sign_type_not_signed", MD5_RIGHT, HMAC_SENT)
case("sign_type_not_signed", MD5_RIGHT, MD5_NAMED)
for sign in (HMAC_RIGHT, md5(signed(FIELDS + "&sign_type=MD5")), md5(signed(HMAC_FIELDS))):
    case("sign_type_not_sent", sign)
case("sign_type_changed", HMAC_RIGHT, MD5_NAMED)
case("sign_type_changed", md5(signed(FIELDS + "&sign_type=MD5")), HMAC_SENT)
for fields, _, sent in BOTH:
    case("sha256_without_hmac", hashlib.sha256(encode(signed(fields))).digest(), sent)
case("hmac_md5", hmac.digest(encode(KEY), encode(RIGHT), "md5"))

# The order.
SWAPPED = joined([MD5_SENT[2], MD5_SENT[0], MD5_SENT[1]])
case("media_hash_first", md5(signed(SWAPPED)))
case("media_hash_first", hmac_sha256(signed(SWAPPED + "&sign_type=HMAC-SHA256")), HMAC_SENT)
case("media_hash_first", "AAC022AA3953C36E6240111A191FC940", [MD5_SENT[0], MD5_SENT[2]])
for _, sign, sent in BOTH:
    case("sending_order", sign(signed(joined(sent))), sent)
case("descending_order", md5(signed(joined(sorted(MD5_SENT, reverse=True)))))
sent = MD5_SENT + [("Zone", "1"), ("a", "zz")]
case("order_ignores_case", md5(signed("a=zz&" + FIELDS + "&Zone=1")), sent)
case("sorted_by_value", md5(signed(joined(sorted(sent, key=lambda pair: pair[1])))), sent)
sent = MD5_SENT + [("mch_id2", "5")]
case("sorted_by_pair", md5(signed("&".join(sorted(map("=".join, sent))))), sent)

# The fields that are signed.
case("empty_signed", md5(signed("a=&" + FIELDS + "&zone=")), MD5_SENT + [("a", ""), ("zone", "")])
case("field_not_signed", md5(RIGHT.replace("&note=a b", "")))
case("field_not_signed", hmac_sha256(signed(HMAC_FIELDS.removeprefix("mch_id=1000000000&"))), HMAC_SENT)
sent, twice = MD5_SENT + [("note", "c")], md5(signed(FIELDS + "&note=c"))
case("field_repeated", MD5_RIGHT, sent)
case("field_repeated", MD5_RIGHT, [("note", "c")] + MD5_SENT)
case("field_repeated", twice, sent)
case("field_repeated", HMAC_RIGHT, HMAC_SENT + [("sign_type", "MD5")])
case("field_repeated+lower_case", twice.hex(), sent)
for name in ("signtype", "signType", "sign-type"):
    case("field_renamed", hmac_sha256(signed(HMAC_FIELDS.replace("sign_type", name))), HMAC_SENT)
for name in ("MCH_ID", "MchId"):
    case("field_renamed", md5(RIGHT.replace("mch_id", name)))
case("field_renamed", MD5_RIGHT, [("mchid", "1000000000")] + MD5_SENT[1:])
case("unknown", md5(signed("nonceStr=1")), [("nonce_str", "1")])
case("hmac_for_md5+field_renamed", hmac_sha256(RIGHT.replace("mch_id", "mchid")))
for fields, sign, sent in BOTH:
    twice = fields.replace("a b", "a b&sign=" + upper(sign(signed(fields))))
    case("sign_signed", sign(signed(twice)), sent)
case("sign_signed", md5(signed(FIELDS + "&sign=old")), MD5_SENT + [("sign", "old")])


def with_file(name, value):
    return md5(signed(joined(sorted(MD5_SENT + [(name, value)]))))


for names, name, *values in [
    ("file_name_signed", "media", NAME, "@" + NAME),
    ("file_name_signed", "filename", NAME),
    ("file_name_signed", "file_name", NAME),
    ("content_signed", "media", *(CONTENT.decode(errors=how) for how in ("surrogateescape", "replace"))),
    ("content_signed", "media", CONTENT.decode("latin-1"), base64.b64encode(CONTENT).decode()),
    ("media_signed", "media", "", HASH, "[object Object]", "[object File]", "[object Blob]", "Array"),
]:
    for value in values:
        case(names, with_file(name, value))
sent = MD5_SENT + [("media", "http://a/b.png")]
case("media_signed", md5(signed(joined(sorted(sent)))), sent, name=None)

# The values.
TRICKY = "a b/~*'()!<签"
for names, written, sent in [
    ("values_url_encoded", quote(TRICKY, safe=""), TRICKY),
    ("values_url_encoded", quote(TRICKY), TRICKY),
    ("values_url_encoded", quote_plus(TRICKY), TRICKY),
    ("values_url_encoded", quote(TRICKY, safe="!~*'()"), TRICKY),  # JavaScript
    ("values_url_encoded", quote_plus(TRICKY).replace("~", "%7E"), TRICKY),  # PHP
    ("values_url_encoded", quote_plus(TRICKY, safe="*").replace("~", "%7E"), TRICKY),  # Java
    ("values_url_encoded", "a+b%2f%7e*%27()!%3c%e7%ad%be", TRICKY),  # .NET
    ("values_url_decoded", TRICKY, quote(TRICKY, safe="")),
    ("values_url_decoded", "a b", "a+b"),
    ("values_trimmed", "a b", " a b\r\n"),
    ("values_html_escaped", "&lt;a href=&quot;b&quot;&gt;&amp;", '<a href="b">&'),
]:
    case(names, md5(RIGHT.replace("a b", written)), MD5_SENT[:1] + [("note", sent)] + MD5_SENT[2:])
case("values_in_other_case", md5(RIGHT.replace("a b", "A B").replace(HASH, HASH.upper())))
case("values_in_other_case", hmac_sha256(signed(HMAC_FIELDS.replace("HMAC-SHA", "hmac-sha"))), HMAC_SENT)
case("media_hash_in_other_case", MD5_RIGHT, MD5_SENT[:2] + [("media_hash", HASH.upper())])

# How they are joined.
bare = re.sub("[=&]", "", FIELDS)
values = [value for _, value in sorted(MD5_SENT)]
for text in (bare + "key" + KEY, bare + KEY, KEY + bare + KEY, "".join(values) + KEY):
    case("names_not_joined", md5(text))
for before in ("&key=", "&"):
    case("names_not_joined", md5("&".join(values) + before + KEY))
quoting = MD5_SENT + [("quote", '"\\\n\x01签')]
compact = {"separators": (",", ":"), "ensure_ascii": False}
for order in (sorted, list):
    text = json.dumps(dict(order(quoting)), **compact)
    for text in (signed(text), text + KEY, text):
        case("object_signed", md5(text), quoting)
    case("object_signed", md5(signed(json.dumps(dict(order(MD5_SENT))))))
    case("object_signed", md5(signed(str(dict(order(MD5_SENT))))))
case("object_signed", md5(json.dumps(dict(sorted(MD5_SENT + [("key", KEY)])), **compact)))
case("object_signed", md5(signed("{" + FIELDS.replace("&", ", ") + "}")))

# The key: where it stands.
case("key_missing", md5(FIELDS))
case("hmac_without_key_in_string", hmac_sha256(HMAC_FIELDS), HMAC_SENT)
case("hmac_for_md5+hmac_without_key_in_string", hmac_sha256(FIELDS))
sent = MD5_SENT + [("appid", "x")]
among = "appid=x&key=" + KEY + "&" + FIELDS
case("key_sorted", md5(among), sent)
case("key_sorted", md5(among), sent + [("key", KEY)])
case("key_sent", MD5_RIGHT, MD5_SENT + [("key", KEY)])
case("key_twice", md5(signed(among)), sent)
# With MD5 it is the key's own line end.
for end in ("\n", "\r\n"):
    case("key_not_last", hmac_sha256(signed(HMAC_FIELDS) + end), HMAC_SENT)

# The key: how it reads.
for names, *keys in [
    ("key_line_end", *(KEY + end for end in ("\n", "\r\n", " ", "\r", "\t")), " " + KEY, " " + KEY + " "),
    ("key_quoted", '"' + KEY + '"', "'" + KEY + "'"),
    ("key_byte_order_mark", "\ufeff" + KEY),
    ("key_hashed", md5(KEY).hex(), upper(md5(KEY))),
    ("key_empty", "", "undefined", "null", "None"),
    ("other_key", OTHER),
]:
    for key in keys:
        with_key(names, key)
with_key("key_upper_case", MIXED_KEY.upper(), MIXED_KEY)
with_key("key_lower_case", MIXED_KEY.lower(), MIXED_KEY)
case("key_empty", hmac_sha256(signed(HMAC_FIELDS, "")), HMAC_SENT)

# The key that HMAC is given.
for key in (md5(KEY).hex(), upper(md5(KEY)), md5(KEY)):
    case("hmac_key_hashed", hmac_sha256(signed(HMAC_FIELDS), key), HMAC_SENT)
    case("hmac_for_md5+hmac_key_hashed", hmac_sha256(RIGHT, key))
case("hmac_key_decoded", hmac_sha256(signed(HMAC_FIELDS), bytes.fromhex(KEY)), HMAC_SENT)
case("hmac_key_empty", hmac_sha256(signed(HMAC_FIELDS), ""), HMAC_SENT)
case("hmac_arguments_swapped", hmac_sha256(KEY, signed(HMAC_FIELDS)), HMAC_SENT)

# The string as bytes.
lower = signed(HMAC_FIELDS, MIXED_KEY).lower()
case("string_in_one_case", hmac_sha256(lower, MIXED_KEY), HMAC_SENT, MIXED_KEY)
case("string_url_encoded", md5(RIGHT.replace("=", "%3d").replace("&", "%26").replace(" ", "+")))
text, sent = signed(FIELDS + "&zone=é签"), MD5_SENT + [("zone", "é签")]
case("string_not_utf8", md5(text.encode("latin-1", "replace")), sent)
case("string_not_utf8", md5(text.replace("签", chr(ord("签") & 0xFF)).encode("latin-1")), sent)
case("string_not_utf8", md5(text.encode().decode("latin-1")), sent)
case("string_not_utf8", md5(text.encode("utf-16-le")), sent)
for before in (MD5_RIGHT.hex(), upper(MD5_RIGHT), MD5_RIGHT):
    case("hashed_twice", md5(before))
case("hashed_twice", hmac_sha256(md5(signed(HMAC_FIELDS)).hex()), HMAC_SENT)

# How the digest is written.
for fields, sign, sent in BOTH:
    right = sign(signed(fields))
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
    for width in "", "02":
        extended = (f"{byte | 0xFFFFFF00 if byte > 0x7F else byte:{width}x}" for byte in right)
        case("sign_extended+lower_case", "".join(extended), sent)
case("truncated", upper(HMAC_RIGHT)[:32], HMAC_SENT)
case("truncated+lower_case", HMAC_RIGHT.hex()[:32], HMAC_SENT)
for part in (slice(31), slice(32, 64)):
    case("unknown", upper(HMAC_RIGHT)[part], HMAC_SENT)
for length in (31, 16):
    case("unknown", upper(MD5_RIGHT)[:length])
# Two bytes of the digest are below 0x10, the first and another.
digests = ((md5(RIGHT.replace("a b", str(note))), str(note)) for note in range(100_000))
small, note = next(it for it in digests if it[0][0] < 0x10 and it[0][5] < 0x10)
sent = MD5_SENT[:1] + [("note", note)] + MD5_SENT[2:]
case("zeros_missing", f"{int.from_bytes(small, 'big'):X}", sent)
case("zeros_missing+lower_case", "".join(f"{byte:x}" for byte in small), sent)

# Two at a time.
case("sending_order+key_joined_bare", md5(joined(MD5_SENT) + KEY))
case("hmac_for_md5+media_hash_first", hmac_sha256(signed(SWAPPED)))
case("hmac_for_md5+key_line_end", hmac_sha256(RIGHT + "\n", KEY + "\n"))
case("md5_for_hmac+sending_order+lower_case", md5(signed(joined(HMAC_SENT))).hex(), HMAC_SENT)
case("sign_type_not_signed+sending_order", hmac_sha256(signed(joined(MD5_SENT))), HMAC_SENT)
case("empty_signed+key_missing", md5(FIELDS + "&zone="), MD5_SENT + [("zone", "")])
case("hmac_for_md5+other_key", hmac_sha256(signed(FIELDS, OTHER), OTHER))
case("media_hash_first+other_key", md5(signed(SWAPPED, OTHER)))
case("file_name_signed+key_missing", md5(joined(sorted(MD5_SENT + [("media", NAME)]))))
