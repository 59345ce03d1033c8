"""Where lists come from: an HTTPS server on loopback that knows ETags, as a publisher's does."""

import hashlib
import http.server
import pathlib
import ssl
import threading


class ListServer:
    """Serves `files` (path -> text or bytes); `answers` keeps (path, status) of every request. Its name is localhost."""

    def __init__(self, certificates: pathlib.Path, port: int = 0):
        self.files: dict[str, str | bytes] = {}
        self.answers: list[tuple[str, int]] = []
        publisher = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                text = publisher.files.get(self.path)
                body = text if isinstance(text, bytes) else (text or "").encode()
                etag = f'"{hashlib.sha256(body).hexdigest()}"'
                known = self.headers.get("If-None-Match") == etag
                status = 404 if text is None else 304 if known else 200
                publisher.answers.append((self.path, status))
                self.send_response(status)
                self.send_header("ETag", etag)
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 304:
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "certificate.pem", certificates / "key.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"https://localhost:{self.port}{path}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
