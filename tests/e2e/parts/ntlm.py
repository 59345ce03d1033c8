"""NTLM as a web server of Windows speaks it ([MS-NLMP], NTLMv2): the login belongs to the connection that it was made on.

The first message gets a challenge that is good for its own connection and once; the third has to prove the password against that challenge.
From then on the connection is logged in, and requests on it need say nothing more.
"""

import base64
import hashlib
import hmac
import os
import struct

SIGNATURE = b"NTLMSSP\0"


def md4(data: bytes) -> bytes:
    """RFC 1320, which OpenSSL 3 knows no more."""

    def turned(value: int, by: int) -> int:
        value &= 0xFFFFFFFF
        return (value << by | value >> 32 - by) & 0xFFFFFFFF

    words = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + struct.pack("<Q", 8 * len(data))
    rounds = (
        (lambda x, y, z: x & y | ~x & z, 0, range(16), (3, 7, 11, 19)),
        (lambda x, y, z: x & y | x & z | y & z, 0x5A827999, [4 * (i % 4) + i // 4 for i in range(16)], (3, 5, 9, 13)),
        (lambda x, y, z: x ^ y ^ z, 0x6ED9EBA1, [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15], (3, 9, 11, 15)),
    )
    for at in range(0, len(padded), 64):
        block, (a, b, c, d) = struct.unpack("<16I", padded[at : at + 64]), words
        for mixed, added, order, shifts in rounds:
            for i, k in enumerate(order):
                a, b, c, d = d, turned(a + mixed(b, c, d) + block[k] + added, shifts[i % 4]), b, c
        words = [(x + y) & 0xFFFFFFFF for x, y in zip(words, (a, b, c, d))]
    return struct.pack("<4I", *words)


def challenge_message(challenge: bytes) -> bytes:
    name = "SCHOOL".encode("utf-16-le")
    info = struct.pack("<HH", 2, len(name)) + name + struct.pack("<HH", 1, len(name)) + name + struct.pack("<HH", 0, 0)
    flags = 0x00000001 | 0x00000200 | 0x00080000 | 0x00800000 | 0x02000000 | 0x20000000 | 0x80000000 | 0x00000004
    head = SIGNATURE + struct.pack("<IHHIIQQ", 2, len(name), len(name), 56, flags, 0, 0)
    head = head[:24] + challenge + bytes(8) + struct.pack("<HHI", len(info), len(info), 56 + len(name)) + bytes(8)
    return head + name + info


class Logins:
    """The connections of a server that are logged in, and those that are on the way."""

    def __init__(self, people: dict[str, str]):
        self.people, self.challenges, self.who = people, {}, {}

    def _proves(self, message: bytes, challenge: bytes) -> str | None:
        def part(at: int) -> bytes:
            size, _, offset = struct.unpack_from("<HHI", message, at)
            return message[offset : offset + size]

        answer, domain, user = part(20), part(28), part(36).decode("utf-16-le")
        if user not in self.people or len(answer) < 24:
            return None
        secret = md4(self.people[user].encode("utf-16-le"))
        key = hmac.new(secret, user.upper().encode("utf-16-le") + domain, hashlib.md5).digest()
        right = hmac.new(key, challenge + answer[16:], hashlib.md5).digest()
        return user if hmac.compare_digest(right, answer[:16]) else None

    def person_of(self, connection, credentials: str | None) -> tuple[str | None, str]:
        """(who asks, what WWW-Authenticate says else)."""
        scheme, _, token = (credentials or "").partition(" ")
        if scheme.upper() != "NTLM":
            return self.who.get(connection), "NTLM"
        message = base64.b64decode(token)
        if not message.startswith(SIGNATURE):
            return None, "NTLM"
        self.who.pop(connection, None)
        if message[8] == 1:
            challenge = self.challenges[connection] = os.urandom(8)
            return None, "NTLM " + base64.b64encode(challenge_message(challenge)).decode()
        if (challenge := self.challenges.pop(connection, None)) and (user := self._proves(message, challenge)):
            self.who[connection] = user
            return user, ""
        return None, "NTLM"
