"""An ordinary day of Python's urllib: ordinary_client.py URL, a line of JSON. Proxy and authorities come from the environment."""

import hashlib
import json
import sys
import time
import urllib.request

site = sys.argv[1]
day = {}
with urllib.request.urlopen(f"{site}/page", timeout=30) as page:
    day["page"] = page.read().decode()
sent = bytes(range(256)) * 12_000
with urllib.request.urlopen(urllib.request.Request(f"{site}/upload", data=sent, method="POST"), timeout=60) as answer:
    day["upload"] = answer.read().decode() == hashlib.sha256(sent).hexdigest()
with urllib.request.urlopen(urllib.request.Request(f"{site}/upload", data=iter([sent, sent]), method="PUT"), timeout=60) as answer:  # in chunks
    day["chunked"] = answer.read().decode() == hashlib.sha256(sent + sent).hexdigest()
with urllib.request.urlopen(f"{site}/download?5000000", timeout=60) as answer:
    day["download"] = hashlib.sha256(answer.read()).hexdigest()
begun, came = time.monotonic(), []
with urllib.request.urlopen(f"{site}/events", timeout=30) as answer:
    for line in answer:
        if line.strip():
            came.append(time.monotonic() - begun)
day["events"], day["spread"] = len(came), came[-1] - came[0]
print(json.dumps(day))
