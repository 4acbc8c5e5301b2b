#!/usr/bin/env python3
"""Compares a running server with the NDJSON that was imported into it.

    real-input.py http://127.0.0.1:PORT packages.ndjson

Reads every key back byte for byte, and the scan of the prefix python3- in
order, which has to equal the sorted input. Prints what it saw, and exits with 1
at the first difference.
"""

import base64
import http.client
import json
import sys
import urllib.parse

PREFIX = b"python3-"


def main(server: str, path: str) -> None:
    with open(path, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    want = {r["key_text"].encode(): r["value_text"].encode() for r in records}
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server).netloc)

    def get(target: str) -> bytes:
        connection.request("GET", "/api/v1" + target)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"GET {target}: status {answer.status}: {body[:200]!r}")
        return body

    for key, value in want.items():
        if get("/kv/" + urllib.parse.quote(key, safe="")) != value:
            sys.exit(f"{key!r} was not read back as it was imported")
    print(f"{len(want)} keys of {len(records)} records read back byte for byte")

    scanned = []
    *entries, end = get("/scan?prefix=" + PREFIX.decode()).splitlines()
    for line in entries:
        entry = json.loads(line)
        scanned.append((base64.b64decode(entry["key"]), base64.b64decode(entry["value"])))
    if not json.loads(end).get("end"):
        sys.exit("the scan did not come to its end")
    if scanned != sorted((k, v) for k, v in want.items() if k.startswith(PREFIX)):
        sys.exit("the scan differs from the sorted input")
    print(f"scan of {PREFIX.decode()}: {len(scanned)} entries, in order, as the sorted input")


if __name__ == "__main__":
    main(*sys.argv[1:])
