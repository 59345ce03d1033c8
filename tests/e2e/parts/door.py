"""A port that leads through the gateway to one host, for clients that cannot use a proxy: each connection becomes a CONNECT."""

import socket
import threading

from parts.origins import Server
from parts.wire import Wire, connect


class Door(Server):
    def __init__(self, school, name: str, port: int):
        self.school, self.authority = school, f"{name}:{port}"
        super().__init__()

    def serve(self, connection):
        wire = Wire(self.school.proxy)
        if wire.ask(connect(self.authority)).status != 200:
            return
        connection.settimeout(120)
        wire.socket.settimeout(120)
        back = threading.Thread(target=self._relay, args=(wire.socket, connection), daemon=True)
        back.start()
        self._relay(connection, wire.socket)
        back.join()
        wire.socket.close()

    @staticmethod
    def _relay(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for one in (source, sink):
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
