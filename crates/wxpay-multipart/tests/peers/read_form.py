"""Prints the parts of a form as Python's `email` package reads them, a line each.

The argument is the request's Content-Type, standard input its body. A line is `name|file name|content type|content`, the
content in hexadecimal digits.
"""

import email
import email.policy
import sys

header = f"Content-Type: {sys.argv[1]}\r\n\r\n".encode()
form = email.message_from_bytes(header + sys.stdin.buffer.read(), policy=email.policy.HTTP)
assert form.is_multipart() and not form.defects, form.defects
sys.stdout.reconfigure(encoding="utf-8")
for part in form.iter_parts():
    assert not part.defects, part.defects
    name = part.get_param("name", header="content-disposition")
    content = part.get_payload(decode=True).hex()
    print(name, part.get_filename(), part.get("content-type"), content, sep="|")
