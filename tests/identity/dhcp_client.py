"""A DHCP client (RFC 2131) that takes one lease on an interface and puts the address there: dhcp_client.py IFACE NAME."""

import random
import socket
import struct
import subprocess
import sys


def message(kind: int, mac: bytes, transaction: int, options: bytes) -> bytes:
    head = struct.pack("!BBBBIHH4s4s4s4s16s192s", 1, 1, 6, 0, transaction, 0, 0x8000, *[bytes(4)] * 4, mac, b"")
    return head + b"\x63\x82\x53\x63" + bytes([53, 1, kind]) + options + b"\xff"


def answer(link: socket.socket, transaction: int, kind: int) -> tuple[bytes, dict[int, bytes]]:
    while True:
        packet = link.recv(2048)
        if len(packet) < 240 or struct.unpack_from("!I", packet, 4)[0] != transaction:
            continue
        options, at = {}, 240
        while at < len(packet) and packet[at] != 255:
            if packet[at] == 0:
                at += 1
                continue
            options[packet[at]] = packet[at + 2 : at + 2 + packet[at + 1]]
            at += 2 + packet[at + 1]
        if options.get(53) == bytes([kind]):
            return packet[16:20], options


def main() -> None:
    interface, name = sys.argv[1], sys.argv[2].encode()
    with open(f"/sys/class/net/{interface}/address", encoding="ascii") as file:
        mac = bytes.fromhex(file.read().strip().replace(":", ""))
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    link.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    link.bind(("0.0.0.0", 68))
    link.settimeout(10)
    transaction = random.getrandbits(32)
    host = bytes([12, len(name)]) + name
    link.sendto(message(1, mac, transaction, host), ("255.255.255.255", 67))
    offered, options = answer(link, transaction, 2)
    wanted = bytes([50, 4]) + offered + bytes([54, 4]) + options[54] + host
    link.sendto(message(3, mac, transaction, wanted), ("255.255.255.255", 67))
    address, _ = answer(link, transaction, 5)
    subprocess.run(["ip", "addr", "add", socket.inet_ntoa(address) + "/24", "dev", interface], check=True)
    print(socket.inet_ntoa(address))


main()
