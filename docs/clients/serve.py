"""Uploads one picture through `wxpay serve` with Python's urllib: python3 serve.py PICTURE"""

import json
import os
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

url = os.environ.get("WXPAY_SERVE", "http://127.0.0.1:8479") + "/v1/media"
token = Path(os.environ["WXPAY_SERVE_TOKEN_FILE"]).read_text().strip()
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
request = Request(url, Path(sys.argv[1]).read_bytes(), headers)
try:
    # Without a proxy, which would be told the token.
    with build_opener(ProxyHandler({})).open(request, timeout=60) as response:
        print(json.load(response)["media_id"])
except HTTPError as error:
    sys.exit(json.load(error)["error"]["message"])
