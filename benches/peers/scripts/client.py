"""The same uploads with requests: one session a thread; each picture is read, hashed and signed each time."""

import hashlib
import hmac
import itertools
import sys
import threading
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import requests

MCH_ID = "1900000109"
KEY = "192006250b4c09247ec02edce69f6a2d"

origin, folder, pictures, count, concurrency = sys.argv[1:]
pictures = pictures.split(",")
local = threading.local()


def session():
    if not hasattr(local, "session"):
        local.session = requests.Session()
        local.session.verify = f"{folder}/ca.pem"
        local.session.cert = (f"{folder}/client.pem", f"{folder}/client.key")
        local.session.trust_env = False
    return local.session


def canonical(params):
    pairs = "&".join(f"{name}={params[name]}" for name in sorted(params))
    return f"{pairs}&key={KEY}".encode()


def upload(picture):
    with open(picture, "rb") as file:
        content = file.read()
    fields = {
        "mch_id": MCH_ID,
        "media_hash": hashlib.md5(content).hexdigest(),
        "sign_type": "HMAC-SHA256",
    }
    digest = hmac.new(KEY.encode(), canonical(fields), hashlib.sha256)
    fields["sign"] = digest.hexdigest().upper()
    reply = session().post(
        f"{origin}/secapi/mch/uploadmedia",
        data=fields,
        files={"media": ("picture.png", content, "image/png")},
    )
    reply.raise_for_status()
    root = ElementTree.fromstring(reply.content)
    fields = {field.tag: field.text for field in root}
    sign = fields.pop("sign")
    assert hashlib.md5(canonical(fields)).hexdigest().upper() == sign
    return fields["media_id"]


work = itertools.islice(itertools.cycle(pictures), int(count))
if int(concurrency) == 1:
    for picture in work:
        upload(picture)
else:
    with ThreadPoolExecutor(int(concurrency)) as pool:
        for _ in pool.map(upload, work):
            pass
