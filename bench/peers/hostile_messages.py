"""Messages that servers have been known to read differently: requests and answers, as tables.

tests/security sends them through the gateway and has four servers re-read what it forwarded; bench/peers sends them through
other proxies too. In a request TOKEN stands for what makes it one question's own.
"""

SMUGGLED = "GET http://blocked.example/smuggled HTTP/1.1\r\nHost: blocked.example\r\n\r\n"

FRAMINGS: dict[str, tuple[list[str], str]] = {
    # name: (fields, body)
    "Content-Length and Transfer-Encoding": (["Content-Length: 5", "Transfer-Encoding: chunked"], "0\r\n\r\n" + SMUGGLED),
    "Transfer-Encoding and Content-Length": (["Transfer-Encoding: chunked", "Content-Length: 200"], "0\r\n\r\n" + SMUGGLED),
    "Transfer-Encoding of a list": (["Transfer-Encoding: identity, chunked"], "0\r\n\r\n"),
    "Transfer-Encoding twice": (["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], "0\r\n\r\n" + SMUGGLED),
    "Transfer-Encoding xchunked": (["Transfer-Encoding: xchunked"], "0\r\n\r\n" + SMUGGLED),
    "Transfer-Encoding with a vertical tab": (["Transfer-Encoding:\x0bchunked", "Content-Length: 4"], "0\r\n\r\n" + SMUGGLED),
    "Transfer-Encoding with a space before the colon": (["Transfer-Encoding : chunked", "Content-Length: 4"], "0\r\n\r\n" + SMUGGLED),
    "Transfer-Encoding on a folded line": (["X: y", " Transfer-Encoding: chunked", "Content-Length: 4"], "0\r\n\r\n" + SMUGGLED),
    "Transfer-Encoding behind a bare CR": (["X: y\rTransfer-Encoding: chunked", "Content-Length: 4"], "0\r\n\r\n" + SMUGGLED),
    "Transfer-Encoding behind a bare LF": (["X: y\nTransfer-Encoding: chunked", "Content-Length: 4"], "0\r\n\r\n" + SMUGGLED),
    "two Content-Lengths": (["Content-Length: 5", "Content-Length: 6"], "hello!" + SMUGGLED),
    "Content-Length of a list": (["Content-Length: 5, 6"], "hello!" + SMUGGLED),
    "Content-Length +5": (["Content-Length: +5"], "hello" + SMUGGLED),
    "Content-Length 0x5": (["Content-Length: 0x5"], "hello" + SMUGGLED),
    "Content-Length -1": (["Content-Length: -1"], "hello" + SMUGGLED),
    "Content-Length of 2 to the 64th and five": (["Content-Length: 18446744073709551621"], "hello" + SMUGGLED),
    "Content-Length empty, then 5": (["Content-Length:", "Content-Length: 5"], "hello" + SMUGGLED),
    "chunk size 0x5": (["Transfer-Encoding: chunked"], "0x5\r\nhello\r\n0\r\n\r\n" + SMUGGLED),
    "chunk size +5": (["Transfer-Encoding: chunked"], "+5\r\nhello\r\n0\r\n\r\n" + SMUGGLED),
    "chunk size of 17 digits": (["Transfer-Encoding: chunked"], "10000000000000005\r\nhello\r\n0\r\n\r\n" + SMUGGLED),
    "chunk ended by a bare LF": (["Transfer-Encoding: chunked"], "5\nhello\r\n0\r\n\r\n" + SMUGGLED),
    "chunk extension with a bare LF": (["Transfer-Encoding: chunked"], "5;a\nb\r\nhello\r\n0\r\n\r\n" + SMUGGLED),
    "chunk followed by two other bytes": (["Transfer-Encoding: chunked"], "5\r\nhelloXX0\r\n\r\n" + SMUGGLED),
    "a NUL in a value": (["X: a\0b"], ""),
    "a NUL in a name": (["X\0Y: b"], ""),
    "a field without a colon": (["what is this"], ""),
    "a field without a name": ([": nameless"], ""),
    "two Hosts": (["Host: blocked.example"], ""),
}

RAW_REQUESTS: dict[str, str] = {
    "line ends of bare LF": "GET http://allowed.example/TOKEN HTTP/1.1\nHost: allowed.example\n\n",
    "HTTP/0.9": "GET http://allowed.example/TOKEN\r\n\r\n",
    "HTTP/1.10": "GET http://allowed.example/TOKEN HTTP/1.10\r\nHost: allowed.example\r\n\r\n",
    "a space in the target": "GET http://allowed.example/TOKEN x HTTP/1.1\r\nHost: allowed.example\r\n\r\n",
    "a control character in the target": "GET http://allowed.example/TOKEN\x01 HTTP/1.1\r\nHost: allowed.example\r\n\r\n",
    "a head of 1 MB": "GET http://allowed.example/TOKEN HTTP/1.1\r\nHost: allowed.example\r\nX: " + "a" * 1_000_000 + "\r\n\r\n",
    "20,000 fields": "GET http://allowed.example/TOKEN HTTP/1.1\r\nHost: allowed.example\r\n" + "A: b\r\n" * 20000 + "\r\n",
}

ANSWERS: dict[str, bytes] = {
    "Content-Length and Transfer-Encoding": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "two Content-Lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 2\r\n\r\nhello",
    "Content-Length -1": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello",
    "Content-Length +5": b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
    "Transfer-Encoding xchunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\nhello",
    "chunk size of 17 digits": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",
    "chunk size -1": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n",
    "a bare CR in a value": b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b=c\r\nContent-Length: 5\r\n\r\nhello",
    "a NUL in a value": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 5\r\n\r\nhello",
    "a space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\nContent-Length: 2\r\n\r\nhello",
    "a folded line": b"HTTP/1.1 200 OK\r\nX: a\r\n Content-Length: 2\r\nContent-Length: 5\r\n\r\nhello",
    "a body with 204": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
    "more body than it says": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello, HTTP/1.1 200 OK\r\n\r\n",
    "1,000 interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "a head of 1 MB": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000 + b"\r\nContent-Length: 2\r\n\r\nok",
    "no status": b"HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\nok",
    "status 99999": b"HTTP/1.1 99999 Big\r\nContent-Length: 2\r\n\r\nok",
    "101 that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nraw bytes",
}
