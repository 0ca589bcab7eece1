"""Reads a form with Python's `email` package and prints it, one part a line.

The argument is the request's Content-Type, standard input its body. A line is: name, file name, content type, content;
each in hexadecimal digits, or `-` where there is none.
"""

import email
import email.policy
import sys


def hexadecimal(value):
    return "-" if value is None else value.encode().hex()


body = sys.stdin.buffer.read()
header = f"Content-Type: {sys.argv[1]}\r\n\r\n".encode()
form = email.message_from_bytes(header + body, policy=email.policy.HTTP)
assert form.is_multipart() and not form.defects, form.defects
for part in form.iter_parts():
    assert not part.defects, part.defects
    name = part.get_param("name", header="content-disposition")
    content_type = part.get("content-type")
    print(
        hexadecimal(name),
        hexadecimal(part.get_filename()),
        hexadecimal(None if content_type is None else str(content_type)),
        part.get_payload(decode=True).hex(),
        sep="\t",
    )
