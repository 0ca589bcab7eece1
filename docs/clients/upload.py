"""Uploads one picture with requests: python3 upload.py PICTURE"""

import hashlib
import hmac
import os
import sys
import xml.etree.ElementTree as ElementTree

import requests


def sign(fields, key, sign_type):
    kept = sorted((k, v) for k, v in fields.items() if v and k != "sign")
    string = "&".join(f"{k}={v}" for k, v in kept) + f"&key={key}"
    if sign_type == "HMAC-SHA256":
        return hmac.new(key.encode(), string.encode(), "sha256").hexdigest().upper()
    return hashlib.md5(string.encode()).hexdigest().upper()


def upload(path):
    env = os.environ
    key = env["WXPAY_API_KEY"]
    # Read once: the hash and the body come from the same bytes.
    with open(path, "rb") as file:
        picture = file.read()
    fields = {
        "mch_id": env["WXPAY_MCH_ID"],
        "media_hash": hashlib.md5(picture).hexdigest(),
        "sign_type": "HMAC-SHA256",
    }
    fields["sign"] = sign(fields, key, "HMAC-SHA256")
    kind = "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
    # A name beyond ASCII would go out as `filename*=`, which the gateway does not read.
    media = ("picture." + kind.removeprefix("image/"), picture, kind)
    reply = requests.post(
        env.get("WXPAY_ENDPOINT", "https://api.mch.weixin.qq.com") + "/secapi/mch/uploadmedia",
        data=fields,
        files={"media": media},
        cert=(env["WXPAY_CERT"], env["WXPAY_KEY"]),
        verify=env.get("WXPAY_CA", True),
        allow_redirects=False,
        timeout=30,
    )
    if b"<!DOCTYPE" in reply.content:
        raise SystemExit(f"no reply of the gateway, status {reply.status_code}")
    answer = {field.tag: field.text or "" for field in ElementTree.fromstring(reply.content)}
    if (answer.get("return_code"), answer.get("result_code")) != ("SUCCESS", "SUCCESS"):
        raise SystemExit(f"refused: {answer}")
    # The reply does not say what signed it: its length does. All of its fields are signed.
    given = answer.get("sign", "")
    right = sign(answer, key, "HMAC-SHA256" if len(given) == 64 else "MD5")
    if not hmac.compare_digest(given.encode(), right.encode()):
        raise SystemExit("the reply is not signed by the gateway")
    return answer["media_id"]


print(upload(sys.argv[1]))
