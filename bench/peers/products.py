"""The products: each with a configuration as strict as its documentation shows for a gateway, and its process.

All block blocked.example and what is below it, let nothing through to private addresses where they have a setting for it,
open TLS of *.tls.example where they can open TLS, and pass on everything else.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from world import ALLOWED, ROOT, World

sys.path.insert(0, str(ROOT / "tests/e2e"))
from parts.ports import free_port  # noqa: E402
from parts.waiting import listens  # noqa: E402

BINARY = pathlib.Path(os.environ.get("SCHOOLGATE_BINARY", ROOT / "build/release/schoolgate"))
PRIVATE = ["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"]


class Product:
    name = ""
    connect = True  # takes CONNECT, so clients name what they want
    forward = True  # dials what clients name
    tls_names = False  # looks at the name in a ClientHello
    opens = False  # opens TLS
    authority: pathlib.Path | None = None

    def __init__(self, world: World):
        self.world = world
        self.folder = world.folder / self.name
        self.folder.mkdir()
        self.port = free_port()
        self.tls_port = self.port
        self.said = self.folder / "said.log"
        self.process = None
        self.configure()

    def start(self) -> None:
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=self.folder, env=self.environment())
        deadline = time.monotonic() + 30
        while not listens(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not start: {self.said.read_text(errors='replace')[-1500:]}")
            time.sleep(0.05)

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def write(self, name: str, text: str) -> pathlib.Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def configure(self) -> None:
        raise NotImplementedError

    def command(self) -> list[str]:
        raise NotImplementedError

    @classmethod
    def version(cls) -> str:
        raise NotImplementedError


def program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise RuntimeError(f"{name} is not installed: ./dev peers installs it")
    return found


def said_by(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return (done.stdout + done.stderr).strip().splitlines()[0]


class Schoolgate(Product):
    name = "schoolgate"
    tls_names = opens = True

    def configure(self) -> None:
        self.write("schoolgate.yaml", f"""
site: {{ name: Peers, timezone: Europe/London }}
state: {self.folder}/state
listen: {{ proxy: ["127.0.0.1:{self.port}"] }}
upstream:
  allow_private: ["198.51.100.0/24"]  # addresses of documentation are no public ones, and stand for them here
  hosts: {self.world.hosts}
  resolver: ["127.0.0.1:1"]
  trust: [{self.world.roots}]
inspection: {{ mode: selective }}
""")
        self.write("policy.yaml", """
groups:
  pupils: { title: Pupils, members: { networks: ["127.0.0.0/8"] }, categories: { gambling: block } }
fallback: pupils
""")
        urls = "".join(f'  - {{ url: "{name}/never/", category: gambling }}\n' for name in self.world.sites.issued)
        self.write("rules/school.yaml", "block:\n  - { site: blocked.example, category: gambling }\n" + urls)
        for words in (["ca", "create"], ["ca", "export", "--output", str(self.folder / "authority.pem")]):
            subprocess.run([BINARY, *words, "--config", self.folder], check=True, stdout=subprocess.DEVNULL)
        self.authority = self.folder / "authority.pem"

    def command(self):
        return [str(BINARY), "run", "--config", str(self.folder)]

    @classmethod
    def version(cls):
        return said_by(str(BINARY), "version")


def make_authority(folder: pathlib.Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=Gateway of the peers", "-keyout", folder / "ca.key",
         "-out", folder / "ca.pem", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
        check=True, capture_output=True,
    )


class Squid(Product):
    """With the access controls of its shipped squid.conf, peek-and-splice, and bumping of the names to be opened."""

    name = "squid"
    tls_names = opens = True

    def configure(self) -> None:
        self.folder.chmod(0o777)
        make_authority(self.folder)
        (self.folder / "ca.key").chmod(0o644)
        self.authority = self.folder / "ca.pem"
        subprocess.run([program("/usr/lib/squid/security_file_certgen"), "-c", "-s", self.folder / "certificates", "-M", "4MB"], check=True, capture_output=True)
        subprocess.run(["chown", "-R", "proxy", self.folder / "certificates"], check=True)
        self.write("squid.conf", f"""
http_port 127.0.0.1:{self.port} ssl-bump tls-cert={self.folder}/ca.pem tls-key={self.folder}/ca.key generate-host-certificates=on
sslcrtd_program /usr/lib/squid/security_file_certgen -s {self.folder}/certificates -M 4MB
tls_outgoing_options cafile={self.world.roots} min-version=1.2
acl SSL_ports port 443
acl Safe_ports port 80 443
acl CONNECT method CONNECT
acl blocked dstdomain .blocked.example
acl blocked_name ssl::server_name .blocked.example
acl opened ssl::server_name .tls.example
acl inside dst {' '.join(PRIVATE)} ::1 fc00::/7 fe80::/10
acl step1 at_step SslBump1
http_access deny !Safe_ports
http_access deny CONNECT !SSL_ports
http_access deny inside
http_access deny blocked
http_access allow localhost
http_access deny all
ssl_bump peek step1
ssl_bump terminate blocked_name
ssl_bump bump opened
ssl_bump splice all
hosts_file {self.world.hosts}
cache deny all
cache_log {self.folder}/cache.log
access_log none
pid_filename {self.folder}/squid.pid
coredump_dir {self.folder}
request_start_timeout 30 seconds
request_timeout 30 seconds
shutdown_lifetime 0 seconds
""")

    def command(self):
        return [program("squid"), "-N", "-n", f"peers{os.getpid()}", "-f", str(self.folder / "squid.conf")]

    @classmethod
    def version(cls):
        return said_by(program("squid"), "-v")


class E2guardian(Product):
    """Debian's configuration with TLS opening switched on, certificate checks on, and the one site banned."""

    name = "e2guardian"
    tls_names = opens = True

    def configure(self) -> None:
        shutil.copytree("/etc/e2guardian", self.folder / "etc", dirs_exist_ok=True)
        etc = self.folder / "etc"
        private = etc / "private"
        (private / "generatedcerts").mkdir(parents=True, exist_ok=True)
        make_authority(private)
        self.authority = private / "ca.pem"
        subprocess.run(["openssl", "genrsa", "-out", private / "cert.key", "2048"], check=True, capture_output=True)
        for path in etc.rglob("*"):
            if path.is_file():
                text = path.read_bytes().replace(b"/etc/e2guardian", str(etc).encode())
                path.write_bytes(text)
        changes = {"filterip": "127.0.0.1", "filterports": str(self.port), "nodaemon": "on", "enablessl": "on", "transparenthttpsport": "",
                   "httpworkers": "100", "checkip": "", "generatedcertstart": "", "generatedcertend": ""}
        self._set(etc / "e2guardian.conf", changes, more=f"sslcertificatepath = '{self.folder}/trusted/'\nloglocation = '{self.folder}/access.log'\n"
                  f"pidfilename = '{self.folder}/pid'\ndaemonuser = 'root'\ndaemongroup = 'root'\n"
                  f"generatedcertstart = {int(time.time()) - 86400}\ngeneratedcertend = {int(time.time()) + 30 * 86400}\n")
        self._set(etc / "e2guardianf1.conf", {"sslmitm": "on"})
        with (etc / "lists/bannedsitelist").open("a") as file:
            file.write("\nblocked.example\nlocalhost\n")
        with (etc / "lists/bannedsiteiplist").open("a") as file:
            file.write("\n" + "\n".join(PRIVATE) + "\n")
        trusted = self.folder / "trusted"
        trusted.mkdir()
        shutil.copy(self.world.roots, trusted / "roots.pem")
        subprocess.run(["openssl", "rehash", trusted], check=True, capture_output=True)

    @staticmethod
    def _set(path: pathlib.Path, changes: dict[str, str], more: str = "") -> None:
        lines = []
        for line in path.read_text().splitlines():
            key = line.split("=")[0].strip()
            if key in changes and not line.lstrip().startswith("#"):
                if changes[key]:
                    lines.append(f"{key} = {changes[key]}")
                continue
            lines.append(line)
        path.write_text("\n".join(lines) + "\n" + more)

    def command(self):
        return [program("e2guardian"), "-N", "-c", str(self.folder / "etc/e2guardian.conf")]

    @classmethod
    def version(cls):
        return said_by(program("e2guardian"), "-v")


class Privoxy(Product):
    """Its access list judges where a client comes from; private addresses are therefore blocked as they are spelled."""

    name = "privoxy"

    def configure(self) -> None:
        banned = [".blocked.example", "localhost", "0.*.*.*", "127.*.*.*", "10.*.*.*", "192.168.*.*", "172.1[6-9].*.*", "172.2[0-9].*.*",
                  "172.3[01].*.*", "169.254.*.*", "100.64.*.*"]
        self.write("school.action", "{+block{banned}}\n" + "\n".join(banned) + "\n{+limit-connect{443}}\n/\n")
        self.write("config", f"""
confdir {self.folder}
templdir /etc/privoxy/templates
logdir {self.folder}
logfile log
actionsfile school.action
listen-address 127.0.0.1:{self.port}
toggle 1
enforce-blocks 1
enable-remote-toggle 0
enable-edit-actions 0
permit-access 127.0.0.0/8
socket-timeout 30
""")

    def command(self):
        return [program("privoxy"), "--no-daemon", str(self.folder / "config")]

    @classmethod
    def version(cls):
        return said_by(program("privoxy"), "--version")


class Tinyproxy(Product):
    name = "tinyproxy"

    def configure(self) -> None:
        networks = ["^127\\.", "^10\\.", "^192\\.168\\.", "^172\\.(1[6-9]|2[0-9]|3[01])\\.", "^169\\.254\\.", "^100\\.64\\.", "^0\\.", "^localhost$", "^::1$"]
        self.write("filter", "(^|\\.)blocked\\.example\\.?$\n" + "\n".join(networks) + "\n")
        self.write("tinyproxy.conf", f"""
Port {self.port}
Listen 127.0.0.1
Timeout 30
MaxClients 1000
Allow 127.0.0.1
ConnectPort 443
Filter "{self.folder}/filter"
FilterExtended On
FilterDefaultDeny No
LogFile "{self.folder}/log"
PidFile "{self.folder}/pid"
""")

    def command(self):
        return [program("tinyproxy"), "-d", "-c", str(self.folder / "tinyproxy.conf")]

    @classmethod
    def version(cls):
        return said_by(program("tinyproxy"), "-v")


class Haproxy(Product):
    """A reverse proxy: it stands before one web server and dials nothing that a client names. Names are judged in both."""

    name = "haproxy"
    connect = forward = False
    tls_names = True

    def configure(self) -> None:
        self.tls_port = free_port()
        self.write("haproxy.cfg", f"""
defaults
  timeout connect 5s
  timeout client 30s
  timeout http-request 20s
  timeout server 30s
frontend web
  mode http
  bind 127.0.0.1:{self.port}
  http-request deny deny_status 403 if {{ hdr(host),field(1,:) -m reg -i (^|\\.)blocked\\.example\\.?$ }}
  default_backend web
backend web
  mode http
  server web {ALLOWED}:80
frontend tls
  mode tcp
  bind 127.0.0.1:{self.tls_port}
  tcp-request inspect-delay 5s
  tcp-request content reject if {{ req.ssl_sni -m reg -i (^|\\.)blocked\\.example\\.?$ }}
  tcp-request content accept if {{ req.ssl_hello_type 1 }}
  tcp-request content reject
  default_backend tls
backend tls
  mode tcp
  server web {ALLOWED}:443
""")

    def command(self):
        return [program("haproxy"), "-db", "-f", str(self.folder / "haproxy.cfg")]

    @classmethod
    def version(cls):
        return said_by(program("haproxy"), "-v")


PRODUCTS = {product.name: product for product in (Schoolgate, Squid, E2guardian, Privoxy, Tinyproxy, Haproxy)}
