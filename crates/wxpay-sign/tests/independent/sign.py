"""Signs parameters with Python's standard library, from the documentation and not from the crate.

Other tests import `sign`. As a program it reads lines `SIGN_TYPE KEY NAME=VALUE NAME=VALUE ...` with names
and values in hexadecimal digits, and answers each with the canonical string in hexadecimal digits and the
signature; a line `FILE PATH`, likewise in digits, with the MD5 of the file.
"""

import hashlib
import hmac
import sys


def sign(params, sign_type, key):
    """The canonical string and the signature of pairs of bytes."""
    signed = sorted((name, value) for name, value in params if value and name != b"sign")
    assert len(dict(signed)) == len(signed), "a name is given twice"
    canonical = b"&".join(name + b"=" + value for name, value in signed)
    text = canonical + b"&key=" + key.encode()
    if sign_type == "HMAC-SHA256":
        digest = hmac.new(key.encode(), text, hashlib.sha256)
    else:
        digest = hashlib.md5(text, usedforsecurity=False)
    return canonical, digest.hexdigest().upper()


def answer(first, second, *pairs):
    if first == "FILE":
        with open(bytes.fromhex(second), "rb") as file:
            return hashlib.md5(file.read(), usedforsecurity=False).hexdigest()
    params = [map(bytes.fromhex, pair.split("=")) for pair in pairs]
    canonical, signature = sign(map(tuple, params), first, second)
    return f"{canonical.hex()} {signature}"


if __name__ == "__main__":
    for line in sys.stdin:
        print(answer(*line.split()), flush=True)
