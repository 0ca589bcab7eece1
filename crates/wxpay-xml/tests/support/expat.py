"""Reads documents with expat: one in hexadecimal digits a line, one line of answer to each.

The answer is `-` for what is not well-formed, `?` for what is not a flat document, and else a `+`
and the fields as `name=value`, both in hexadecimal digits.
"""

import sys
from xml.etree import ElementTree


def digits(text):
    return (text or "").encode().hex()


def is_flat(root):
    return (
        root.tag == "xml"
        and not root.attrib
        and not (root.text or "").strip()
        and not any(len(child) or child.attrib or (child.tail or "").strip() for child in root)
    )


def answer(document):
    try:
        root = ElementTree.fromstring(document)
    except (ElementTree.ParseError, ValueError):
        return "-"
    if not is_flat(root):
        return "?"
    return " ".join(["+", *(f"{digits(child.tag)}={digits(child.text)}" for child in root)])


documents = [bytes.fromhex(line) for line in sys.stdin]
for document in documents:
    print(answer(document))
