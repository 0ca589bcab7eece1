"""Signs parameters with Python's standard library, from the documentation and not from the crate.

Reads lines `SIGN_TYPE KEY NAME=VALUE NAME=VALUE ...` with names and values in hexadecimal digits;
answers each with the canonical string in hexadecimal digits and the signature.
"""

import hashlib
import hmac
import sys


def answer(line):
    sign_type, key, *pairs = line.split()
    params = {}
    for pair in pairs:
        name, value = (bytes.fromhex(half) for half in pair.split("="))
        if value and name != b"sign":
            assert name not in params, "a name is given twice"
            params[name] = value
    canonical = b"&".join(name + b"=" + params[name] for name in sorted(params))
    signed = canonical + b"&key=" + key.encode()
    if sign_type == "HMAC-SHA256":
        digest = hmac.new(key.encode(), signed, hashlib.sha256)
    else:
        digest = hashlib.md5(signed, usedforsecurity=False)
    return f"{canonical.hex()} {digest.hexdigest().upper()}\n"


sys.stdout.write("".join(map(answer, sys.stdin.read().splitlines())))
