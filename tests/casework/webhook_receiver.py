"""A real HTTP receiver for the tests: prints its port, then one JSON line for each request."""

import argparse
import http.server
import json
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--answers", default="200", help="status codes in turn; the last one stays")
options = parser.parse_args()
answers = [int(code) for code in options.answers.split(",")]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode("utf-8")
        status = answers.pop(0) if len(answers) > 1 else answers[0]
        sys.stdout.write(json.dumps({
            "method": self.command,
            "path": self.path,
            "status": status,
            "id": self.headers.get("Schoolgate-Alert-Id"),
            "timestamp": self.headers.get("Schoolgate-Timestamp"),
            "signature": self.headers.get("Schoolgate-Signature"),
            "type": self.headers.get("Content-Type"),
            "body": body,
        }) + "\n")
        sys.stdout.flush()
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
sys.stdout.write(f"{server.server_port}\n")
sys.stdout.flush()
server.serve_forever()
