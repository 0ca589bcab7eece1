"""A gateway on Python's own TLS, with Python's own reading of the form.

Its argument is a JSON object of settings. It prints its port on stdout, and serves until its standard
input ends. It checks every upload by the rules of the API's page: method, path, client certificate,
form, signature, hash.
"""

import email.parser
import email.policy
import hashlib
import http.server
import json
import ssl
import sys
import threading
import time
from pathlib import Path

# No compiled files among the sources.
sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).resolve().parents[3] / "wxpay-sign/tests/independent"))
import sign

SETTINGS = json.loads(sys.argv[1])
MODE = SETTINGS["mode"]


def signature(fields, sign_type):
    return sign.sign([(k.encode(), v.encode()) for k, v in fields.items()], sign_type, SETTINGS["api_key"])[1]


def document(fields):
    inner = "".join(f"<{k}><![CDATA[{v}]]></{k}>\n" for k, v in fields.items())
    return f"<xml>\n{inner}</xml>".encode()


def refusal(code, text):
    return document({"return_code": "FAIL", "return_msg": text, "err_code": code, "err_code_des": text})


def parse(content_type, body):
    head = b"Content-Type: " + content_type.encode() + b"\r\n\r\n"
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    assert message.get_content_type() == "multipart/form-data" and not message.defects
    fields, picture = {}, None
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        assert name not in fields
        if name == "media":
            assert part.get_filename() and part.get_content_type().startswith("image/")
            picture = part.get_payload(decode=True)
        else:
            fields[name] = part.get_payload(decode=True).decode()
    return fields, picture


def judge(handler):
    if not handler.connection.getpeercert():
        return refusal("INVALID_REQUEST", "Certificate is required")
    if handler.path != "/secapi/mch/uploadmedia":
        return refusal("INVALID_REQUEST", "path")
    if handler.headers.get("Transfer-Encoding") or '"' in handler.headers["Content-Type"]:
        return refusal("INVALID_REQUEST", "Invalid XML format")
    body = handler.rfile.read(int(handler.headers["Content-Length"]))
    try:
        fields, picture = parse(handler.headers["Content-Type"], body)
    except AssertionError:
        return refusal("INVALID_REQUEST", "Invalid XML format")
    sign_type = fields.get("sign_type", "MD5")
    if fields["sign"] != signature(fields, sign_type):
        return refusal("SIGNERROR", "Signature validation")
    if fields["mch_id"] != SETTINGS["mch_id"]:
        return refusal("PARAM_ERROR", "Merchant ID error")
    if hashlib.md5(picture).hexdigest() != fields["media_hash"]:
        return refusal("PARAM_ERROR", "Image format error")
    reply = {
        "return_code": "SUCCESS",
        "return_msg": "OK",
        "result_code": "SUCCESS",
        # The id shows the test what arrived.
        "media_id": "same" if MODE == "replay" else fields["media_hash"] + "-" + str(len(picture)),
        "a_new_field": "unknown to the client",
    }
    reply["sign"] = signature(reply, sign_type)
    return document(reply)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def date_time_string(self, timestamp=None):
        if MODE == "yesterday":
            timestamp = time.time() - 86400
        return super().date_time_string(timestamp)

    def do_POST(self):
        if MODE == "huge":
            body = b"x" * (64 << 20)
        elif MODE == "xxe":
            body = (b'<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
                    b"<xml><return_code>SUCCESS</return_code><media_id>&e;</media_id></xml>")
        else:
            body = judge(self)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            # The client reads no more.
            self.close_connection = True

    def log_message(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(SETTINGS["cert"], SETTINGS["key"])
context.load_verify_locations(SETTINGS["ca"])
context.verify_mode = ssl.CERT_OPTIONAL
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
