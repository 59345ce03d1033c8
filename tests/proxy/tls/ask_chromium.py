#!/usr/bin/env python3
"""Asks Chromium about the chains of x509-limbo: ask_chromium.py LIMBO.json.gz [ID...], a line a case: id, accepted or refused, its error.

Fifteen cases of one time share a Chromium whose only roots besides its built-in ones are theirs; the time is that of the cases (libfaketime).
A TLS server of each case shows its chain. An answer that is not the suite's own is asked for again, by a Chromium with the roots of
this case alone. Cases without the leaf's key cannot be shown and are left out. Run it where there is no network: unshare -n.
"""

import gzip
import itertools
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
TOGETHER = 15  # Chromium gives up after twenty attempts to build a chain, and most roots of the suite have the same name


def serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    def talk(plain: socket.socket) -> None:
        try:
            plain.settimeout(10)
            with context.wrap_socket(plain, server_side=True) as secure:
                if secure.recv(65536):
                    secure.sendall(PAGE)
        except OSError:
            pass

    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=talk, args=(plain,), daemon=True).start()


class Chromium:
    """Driven over its debugging pipe: descriptors 3 and 4, JSON with a NUL behind."""

    def __init__(self, home: pathlib.Path, moment: str | None):
        to_browser, from_browser = os.pipe(), os.pipe()
        command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", f"--user-data-dir={home / 'profile'}",
                   "--host-resolver-rules=MAP * 127.0.0.1", "--remote-debugging-pipe", "--explicitly-allowed-ports=1-65535", "about:blank"]
        if moment:  # a clock that stands still: some cases are about one second
            command = ["faketime", "-f", moment.replace("T", " ").split("+")[0].split(".")[0], *command]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{to_browser[0]} 4>&{from_browser[1]}', "_", *command], pass_fds=(to_browser[0], from_browser[1]),
            env=dict(os.environ, HOME=str(home), TZ="UTC", FAKETIME_DONT_FAKE_MONOTONIC="1"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser[0])
        os.close(from_browser[1])
        self._write, self._read = os.fdopen(to_browser[1], "wb", 0), os.fdopen(from_browser[0], "rb", 0)
        self._pending, self._number = b"", 0
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def call(self, method: str, session: str | None = None, **parameters) -> dict:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        self._write.write(json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._pending:
                got = self._read.read(65536)
                if not got:
                    raise RuntimeError("Chromium has ended")
                self._pending += got
            line, self._pending = self._pending.split(b"\0", 1)
            answer = json.loads(line)
            if answer.get("id") == self._number:
                return answer.get("result", {})

    def error_of(self, url: str) -> str:
        return self.call("Page.navigate", session=self._session, url=url).get("errorText", "")

    def end(self) -> None:
        self._write.close()
        self._read.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def shown(case: dict, folder: pathlib.Path) -> ssl.SSLContext | str:
    (folder / "chain.pem").write_text("\n".join([case["peer_certificate"], *case["untrusted_intermediates"]]))
    (folder / "key.pem").write_text(case["peer_certificate_key"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    except ssl.SSLError as error:
        return f"OpenSSL serves no such chain: {error.reason}"
    return context


def trust(case: dict, folder: pathlib.Path) -> str:
    for number, root in enumerate(case["trusted_certs"]):
        (folder / "root.pem").write_text(root)
        command = ["certutil", "-d", f"sql:{folder / '.pki/nssdb'}", "-A", "-t", "C,,", "-n", f"{case['id']} {number}", "-i", str(folder / "root.pem")]
        if subprocess.run(command, capture_output=True).returncode:
            return "NSS takes no such root"
    return ""


def ask(cases: list[dict]) -> dict[str, tuple[str, str]]:
    answers, listeners, ports = {}, [], {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        (folder / ".pki/nssdb").mkdir(parents=True)
        subprocess.run(["certutil", "-d", f"sql:{folder / '.pki/nssdb'}", "-N", "--empty-password"], check=True, capture_output=True)
        for case in cases:
            context = shown(case, folder)
            problem = context if isinstance(context, str) else trust(case, folder)
            if problem:
                answers[case["id"]] = ("unshown", problem)
                continue
            listeners.append(socket.create_server(("127.0.0.1", 0), backlog=50))
            ports[case["id"]] = listeners[-1].getsockname()[1]
            threading.Thread(target=serve, args=(listeners[-1], context), daemon=True).start()
        browser = Chromium(folder, cases[0]["validation_time"])
        for case in cases:
            if case["id"] in ports:
                peer = case["expected_peer_name"]["value"] if case["expected_peer_name"] else "example.com"
                error = browser.error_of(f"https://{f'[{peer}]' if ':' in peer else peer}:{ports[case['id']]}/")
                answers[case["id"]] = ("refused" if error else "accepted", error.removeprefix("net::"))
        browser.end()
        for listener in listeners:
            listener.close()
    return answers


def main() -> None:
    cases = [case for case in json.load(gzip.open(sys.argv[1]))["testcases"] if case["peer_certificate_key"] and (not sys.argv[2:] or case["id"] in sys.argv[2:])]
    cases.sort(key=lambda case: case["validation_time"] or "")
    for _, group in itertools.groupby(cases, lambda case: case["validation_time"]):
        for some in itertools.batched(group, TOGETHER) if hasattr(itertools, "batched") else batched(list(group)):
            some = list(some)
            answers = ask(some)
            for case in some:
                wanted = "accepted" if case["expected_result"] == "SUCCESS" else "refused"
                if len(some) > 1 and answers[case["id"]][0] not in ("unshown", wanted):
                    answers |= ask([case])
                print(case["id"], *answers[case["id"]], sep="\t", flush=True)


def batched(cases: list[dict]) -> list[list[dict]]:
    return [cases[at : at + TOGETHER] for at in range(0, len(cases), TOGETHER)]


if __name__ == "__main__":
    main()
