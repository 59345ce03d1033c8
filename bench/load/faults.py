"""Web servers that fail, for the soak and for whoever wants to see what a client is told then.

Three ports: one takes a request and never answers, one promises a body and breaks off with a reset, one drips its body a
few bytes at a time and ends well.
"""

import asyncio
import multiprocessing
import re
import socket
import struct
import time

PROMISED = 100_000  # bytes of body that the one that breaks off speaks of
DRIPS, DRIP_EVERY = 20, 0.1


async def take_request(reader: asyncio.StreamReader) -> bool:
    try:
        await reader.readuntil(b"\r\n\r\n")
        return True
    except (asyncio.IncompleteReadError, OSError):
        return False


async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if await take_request(reader):
        await reader.read(1)  # until the gateway gives up
    writer.close()


async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if await take_request(reader):
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {PROMISED}\r\n\r\n".encode() + b"x" * 1000)
        await writer.drain()
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if await take_request(reader):
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {DRIPS * 10}\r\n\r\n".encode())
        for _ in range(DRIPS):
            writer.write(b"y" * 10)
            await asyncio.sleep(DRIP_EVERY)
    writer.close()


def serve(ports: dict[str, int]) -> None:
    async def forever() -> None:
        servers = [await asyncio.start_server(handler, "127.0.0.1", ports[handler.__name__]) for handler in (stall, break_off, drip)]
        await asyncio.gather(*(server.serve_forever() for server in servers))

    asyncio.run(forever())


class FailingWeb:
    """The three ports, in a process of their own."""

    def __init__(self, free_port):
        self.port = {name: free_port() for name in ("stall", "break_off", "drip")}
        self.process = multiprocessing.Process(target=serve, args=(self.port,), daemon=True)
        self.process.start()
        deadline = time.monotonic() + 30
        while True:
            try:
                for port in self.port.values():
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise SystemExit("the failing web servers did not start") from None
                time.sleep(0.05)

    def stop(self) -> None:
        self.process.terminate()
        self.process.join(10)


async def ask_once(proxy: int, host: str, port: int) -> tuple[int, int, int]:
    """Status, bytes that were promised, bytes that came; for a kept-alive client of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy)
    try:
        writer.write(f"GET http://{host}:{port}/x HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).decode("latin-1")
        length = int(re.search(r"(?i)content-length: *(\d+)", head)[1])
        body = b""
        try:
            body = await asyncio.wait_for(reader.readexactly(length), 60)
        except asyncio.IncompleteReadError as error:
            body = error.partial
        except ConnectionResetError:
            pass
        return int(head.split()[1]), length, len(body)
    finally:
        writer.close()


def what_clients_hear(proxy: int, host: str, web: FailingWeb, times: int) -> list[str]:
    """Asks each port so many times at once; every answer that is not the one a client must get, in words."""

    async def all_of(name: str) -> list[tuple[int, int, int] | BaseException]:
        return await asyncio.gather(*(ask_once(proxy, host, web.port[name]) for _ in range(times)), return_exceptions=True)

    async def everything():
        return await asyncio.gather(*(all_of(name) for name in web.port))

    wrong = []
    for name, answers in zip(web.port, asyncio.run(everything()), strict=True):
        for answer in answers:
            if isinstance(answer, BaseException):
                wrong.append(f"{name}: {answer!r}")
                continue
            status, promised, came = answer
            good = {"stall": status == 504, "break_off": status == 502 or (promised == PROMISED and came < promised),
                    "drip": status == 200 and came == promised == DRIPS * 10}[name]
            if not good:
                wrong.append(f"{name}: status {status}, {came} of {promised} bytes")
    return wrong
