"""rsyslog as a school's collector of syslog messages: TLS, TCP or UDP; what came stands parsed in a file."""

import json
import pathlib
import subprocess

from parts.ports import free_port
from parts.tls_origins import Issued, key_pem, pem
from parts.waiting import listens, wait_for

# What rsyslog itself read out of each message, a JSON object a line.
TEMPLATE = """
template(name="parsed" type="list" option.jsonf="on") {
  property(outname="host" name="hostname" format="jsonf")
  property(outname="program" name="app-name" format="jsonf")
  property(outname="kind" name="msgid" format="jsonf")
  property(outname="facility" name="syslogfacility" format="jsonf")
  property(outname="severity" name="syslogseverity" format="jsonf")
  property(outname="text" name="msg" format="jsonf")
}
"""


class Rsyslog:
    def __init__(self, folder: pathlib.Path, transport: str, *, certificate: Issued | None = None, authority: bytes = b""):
        self.folder = folder
        self.transport = transport
        self.port = free_port()
        self.messages_file = folder / "messages.jsonl"
        folder.mkdir(exist_ok=True)
        (folder / "rsyslog.conf").write_text(self._configuration(certificate, authority))
        self.process = None
        self.start()

    def _configuration(self, certificate: Issued | None, authority: bytes) -> str:
        lines = [f'global(workDirectory="{self.folder}" maxMessageSize="64k")']
        if self.transport == "udp":
            inputs = f'module(load="imudp")\ninput(type="imudp" address="127.0.0.1" port="{self.port}")'
        else:
            driver = ""
            if certificate:
                for name, data in {"authority.pem": authority, "collector.pem": pem(certificate.certificate), "collector.key": key_pem(certificate.key)}.items():
                    (self.folder / name).write_bytes(data)
                lines[0] = lines[0][:-1] + (
                    f' defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{self.folder}/authority.pem"'
                    f' defaultNetstreamDriverCertFile="{self.folder}/collector.pem" defaultNetstreamDriverKeyFile="{self.folder}/collector.key")'
                )
                driver = 'StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon"'
            inputs = f'module(load="imtcp" {driver})\ninput(type="imtcp" address="127.0.0.1" port="{self.port}")'
        return "\n".join([*lines, inputs, TEMPLATE, f'action(type="omfile" file="{self.messages_file}" template="parsed" flushOnTXEnd="on")', ""])

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["rsyslogd", "-n", "-f", str(self.folder / "rsyslog.conf"), "-i", str(self.folder / "rsyslog.pid")],
            stdout=(self.folder / "rsyslog.log").open("ab"), stderr=subprocess.STDOUT,
        )
        if self.transport != "udp":
            wait_for(lambda: listens(self.port), "rsyslog to listen")
        else:
            wait_for(lambda: f"{self.port:04X}" in pathlib.Path("/proc/net/udp").read_text(), "rsyslog to listen")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def messages(self, kind: str) -> list[dict]:
        if not self.messages_file.exists():
            return []
        lines = self.messages_file.read_text().splitlines(keepends=True)
        read = [json.loads(line) for line in lines if line.endswith("\n")]
        return [message for message in read if message["kind"] == kind]

    def wait_for(self, kind: str, part: str) -> dict:
        return wait_for(lambda: next((message for message in self.messages(kind) if part in message["text"]), None), f"a message of {kind} with {part}")
