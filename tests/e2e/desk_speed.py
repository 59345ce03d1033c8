"""How long the server takes for each page of the desk: SCHOOLGATE_BINARY=build/release/schoolgate desk_speed.py STATE_FOLDER.

STATE_FOLDER is what bench/term/term_generator made (with --decisions STATE_FOLDER/decisions.jsonl). Each page is asked 20 times over one
connection, from this machine; printed are the median and the slowest, from the request's last byte to the answer's last, and the server's
processor time a page, which other work on the machine does not lengthen.
"""

import http.client
import pathlib
import re
import ssl
import statistics
import sys
import time
import urllib.parse

from test_desk_pages import ACCOUNTS, Desk

ROUNDS = 20


def processor(desk) -> float:
    """Milliseconds that the server has worked so far."""
    fields = pathlib.Path(f"/proc/{desk.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 10


class Client:
    def __init__(self, desk):
        self.base = urllib.parse.urlsplit(desk.base)
        self.password = desk.password
        self.cookie = ""
        self.connect()

    def connect(self):
        context = ssl._create_unverified_context()
        self.connection = http.client.HTTPSConnection(self.base.hostname, self.base.port, context=context, timeout=60)

    def ask(self, method, path, body=None):
        fields = {"Cookie": self.cookie} if self.cookie else {}
        if body is not None:
            fields["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, fields)
        answer = self.connection.getresponse()
        text = answer.read()
        if cookie := answer.getheader("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        return answer.status, text.decode("utf-8", "replace")

    def sign_in(self, user):
        _, page = self.ask("GET", "/sign-in")
        token = re.search(r'name="csrf" value="([^"]+)"', page).group(1)
        status, _ = self.ask("POST", "/sign-in", urllib.parse.urlencode({"csrf": token, "user": user, "password": self.password}))
        assert status == 303, status


def main(folder):
    desk = Desk(pathlib.Path(folder).resolve())
    client = Client(desk)
    client.sign_in(ACCOUNTS["dsl"])
    _, listed = client.ask("GET", "/episodes?urgency=3")
    episode = re.search(r'href="(/episodes/[0-9a-f-]{36})"', listed).group(1)
    _, listed = client.ask("GET", "/episodes?device=10.20.2.250")  # the flood, where the term has one
    flood = re.search(r'href="(/episodes/[0-9a-f-]{36})"', listed)
    _, listed = client.ask("GET", "/incidents?state=all")
    incident = re.search(r'href="(/incidents/[0-9a-f-]{36})"', listed)
    pages = ["/", "/tasks", "/tasks/away", "/account/notifications", *([flood.group(1)] if flood else []), "/find?q=amelia", "/episodes", "/episodes?page=20", "/episodes?urgency=4&state=new&order=urgent", episode, episode + "/slip",
             episode + "/slip.pdf", "/incidents", *([incident.group(1)] if incident else []), "/measures", "/page-reports", "/reports",
             "/governors", "/governors.pdf", "/checks", "/checks/limits", "/checks/inspection.pdf", "/privacy/views", "/privacy/sealed",
             "/registers/access", "/report"]
    worst = 0.0
    for path in pages:
        took, before = [], processor(desk)
        for _ in range(ROUNDS):
            began = time.perf_counter()
            status, _ = client.ask("GET", path)
            took.append((time.perf_counter() - began) * 1000)
            assert status == 200, (path, status)
        worst = max(worst, statistics.median(took))
        work = (processor(desk) - before) / ROUNDS
        print(f"{re.sub(r'[0-9a-f]{8}-[0-9a-f-]{27}', 'ID', path):48} median {statistics.median(took):7.1f} ms   slowest {max(took):7.1f} ms   processor {work:6.1f} ms")
    print(f"slowest median {worst:.1f} ms")
    desk.stop()


if __name__ == "__main__":
    main(sys.argv[1])
