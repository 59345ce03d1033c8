"""A Kerberos realm on loopback: krb5kdc with people and a key for the gateway, started and stopped by the tests.

As a module: KerberosRealm. As a program (what the C++ tests run) it prints one JSON line about itself, then obeys words on
standard input and answers "done" to each: "login USER" takes a ticket for USER into the ticket cache, "skew SECONDS" makes
that cache believe that the clock of the realm is so far from ours, "quit" ends it, as the end of its input does.
"""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

REALM = "SCHOOL.EXAMPLE"
GATEWAY = "gateway.school.example"
PASSWORD = "three green apples"
PEOPLE = ("amelia.hughes", "t.teacher", "Noah.Patel", "nobody.known")
SBIN = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class KerberosRealm:
    def __init__(self, realm: str = REALM, gateway: str = GATEWAY):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="schoolgate-realm-"))
        self.realm, self.principal = realm, f"HTTP/{gateway}@{realm}"
        self.port = free_port()
        self.keytab, self.other_keytab = self.folder / "gateway.keytab", self.folder / "other.keytab"
        self.cache = self.folder / "tickets"
        self.configuration = self.folder / "krb5.conf"
        self.configuration.write_text(f"""[libdefaults]
 default_realm = {realm}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
[realms]
 {realm} = {{
  kdc = 127.0.0.1:{self.port}
 }}
[domain_realm]
 .school.example = {realm}
""")
        kdc = self.folder / "kdc.conf"
        kdc.write_text(f"""[kdcdefaults]
 kdc_listen = 127.0.0.1:{self.port}
 kdc_tcp_listen = 127.0.0.1:{self.port}
[realms]
 {realm} = {{
  database_name = {self.folder}/principal
  key_stash_file = {self.folder}/stash
  acl_file = {self.folder}/acl
  max_life = 12h
 }}
[logging]
 kdc = FILE:{self.folder}/kdc.log
""")
        self.environment = {**os.environ, "KRB5_CONFIG": str(self.configuration), "KRB5_KDC_PROFILE": str(kdc),
                            "KRB5CCNAME": f"FILE:{self.cache}", "PATH": SBIN}
        self.process: subprocess.Popen | None = None
        self.run("kdb5_util", "create", "-s", "-r", realm, "-P", "the realm's own key")
        requests = [f"addprinc -pw \"{PASSWORD}\" {person}" for person in PEOPLE]
        for name, keytab in ((self.principal, self.keytab), (f"HTTP/other.school.example@{realm}", self.other_keytab)):
            requests += [f"addprinc -randkey {name}", f"ktadd -k {keytab} {name}"]
        self.run("kadmin.local", "-r", realm, given="\n".join(requests) + "\n")
        self.start()

    def run(self, *words: str, given: str = "") -> str:
        done = subprocess.run(words, env=self.environment, input=given, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{words[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self) -> None:
        self.process = subprocess.Popen(["krb5kdc", "-n", "-r", self.realm], env=self.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("krb5kdc does not start")
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def login(self, person: str) -> None:
        """A ticket-granting ticket in the cache; the client asks for the gateway's with it."""
        self.run("kinit", f"{person}@{self.realm}", given=PASSWORD + "\n")

    def skew(self, seconds: int) -> None:
        """What a client with a wrong clock has: the difference to the realm's, as its cache keeps it.

        The cache is a file of version 4: a header with one field, the difference in seconds and microseconds.
        """
        tickets = bytearray(self.cache.read_bytes())
        version, length, tag, size = struct.unpack_from(">HHHH", tickets)
        assert (version, length, tag, size) == (0x0504, 12, 1, 8), "the ticket cache has another form"
        struct.pack_into(">i", tickets, 8, seconds)
        self.cache.write_bytes(tickets)

    def facts(self) -> dict:
        return {"folder": str(self.folder), "realm": self.realm, "principal": self.principal, "keytab": str(self.keytab),
                "other_keytab": str(self.other_keytab), "cache": str(self.cache), "configuration": str(self.configuration)}


def main() -> None:
    realm = KerberosRealm()
    try:
        print(json.dumps(realm.facts()), flush=True)
        for line in sys.stdin:
            word, *rest = line.split()
            if word == "login":
                realm.login(rest[0])
            elif word == "skew":
                realm.skew(int(rest[0]))
            elif word == "stop":
                realm.stop()
            elif word == "quit":
                break
            print("done", flush=True)
    finally:
        realm.remove()


if __name__ == "__main__":
    main()
