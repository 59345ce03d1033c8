"""A school's directory on loopback: slapd with people, nested groups and TLS, started and stopped by the tests.

As a module: DirectoryServer. As a program (what the C++ tests run) it prints one JSON line about itself, then obeys the
words "stop", "start" and "quit" on standard input, answering "done" to each; the end of its input ends it.
"""

import argparse
import base64
import contextlib
import hashlib
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

BASE = "dc=school,dc=example"
SERVICE_DN = f"cn=schoolgate,ou=services,{BASE}"
SERVICE_PASSWORD = "service-secret-in-no-log"
PASSWORD = "three green apples"  # of everybody in the tree

SLAPD = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
SLAPADD = shutil.which("slapadd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
MODULES = "/usr/lib/ldap"

# The part of Active Directory's schema that schools' accounts use, with its own object identifiers.
ACTIVE_DIRECTORY_SCHEMA = """
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.159 NAME 'accountExpires' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.98 NAME 'primaryGroupID' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.146 NAME 'objectSid' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP inetOrgPerson STRUCTURAL
  MUST ( sAMAccountName ) MAY ( userPrincipalName $ userAccountControl $ accountExpires $ primaryGroupID $ objectSid ) )
objectclass ( 1.2.840.113556.1.3.30 NAME 'computer' SUP user STRUCTURAL )
objectclass ( 1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL
  MUST ( cn ) MAY ( member $ sAMAccountName $ objectSid $ description ) )
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def hashed(password: str) -> str:
    salt = os.urandom(8)
    return "{SSHA}" + base64.b64encode(hashlib.sha1(password.encode() + salt).digest() + salt).decode()


def sid(relative: int) -> str:
    """S-1-5-21-1-2-3-relative, in base64 as LDIF wants bytes."""
    parts = struct.pack("<IIIII", 21, 1, 2, 3, relative)
    return base64.b64encode(bytes([1, 5, 0, 0, 0, 0, 0, 5]) + parts).decode()


def entry(dn: str, *lines: str) -> str:
    return "\n".join((f"dn: {dn}", *lines)) + "\n\n"


class Tree:
    """LDIF of the school. The same people and groups in both schemas, as far as the schemas can say them."""

    def __init__(self, schema: str, pupils: int, crowd: bool = False):
        self.active_directory = schema == "active_directory"
        self.secret = hashed(PASSWORD)
        self.number = 2000
        self.text = entry(BASE, "objectClass: dcObject", "objectClass: organization", "dc: school", "o: School")
        for unit in ("services", "people", "groups"):
            self.text += entry(f"ou={unit},{BASE}", "objectClass: organizationalUnit", f"ou: {unit}")
        self.text += entry(SERVICE_DN, "objectClass: applicationProcess", "objectClass: simpleSecurityObject",
                           "cn: schoolgate", f"userPassword: {hashed(SERVICE_PASSWORD)}")
        self.people()
        everybody = [self.person(f"pupil{i:04}", f"Pupil {i:04}") for i in range(pupils)]
        self.groups()
        if crowd:
            self.group("Crowd", *everybody)

    def dn(self, user: str) -> str:
        return f"cn={user},ou=people,{BASE}" if self.active_directory else f"uid={user},ou=people,{BASE}"

    def person(self, user: str, name: str, dn: str = "", extra: tuple = ()) -> str:
        self.number += 1
        dn = dn or self.dn(user)
        cn = user if self.active_directory and dn == self.dn(user) else name
        lines = [f"cn: {cn}", f"sn: {name.split()[-1]}", f"displayName: {name}", f"userPassword: {self.secret}"]
        if self.active_directory:
            lines += ["objectClass: user", f"sAMAccountName: {user}", f"userPrincipalName: {user}@school.example",
                      "primaryGroupID: 513", f"objectSid:: {sid(self.number)}"]
            if not any(line.startswith("userAccountControl") for line in extra):
                lines.append("userAccountControl: 512")
        else:
            lines += ["objectClass: inetOrgPerson", "objectClass: posixAccount", "objectClass: shadowAccount",
                      f"uid: {user}", f"uidNumber: {self.number}", "gidNumber: 100", f"homeDirectory: /home/{user}"]
        self.text += entry(dn, *lines, *extra)
        return dn

    def people(self) -> None:
        self.person("Amelia.Hughes", "Amelia Hughes")
        self.person("noah.patel", "Noah Patel")
        self.person("sean.o'brien", "Sean O'Brien")
        self.person("t.teacher", "Tess Teacher")
        # A name with everything in it that a filter could take for itself.
        self.odd = self.person("jo.smith", "Jo (Year 4)*", f"cn=Smith\\, Jo (Year 4)*\\\\,ou=people,{BASE}",
                               ("cn: Smith, Jo (Year 4)*\\",))
        off = ("userAccountControl: 514",) if self.active_directory else ("shadowExpire: 1",)
        self.person("leah.leaver", "Leah Leaver", extra=off)
        past = ("accountExpires: 116444736000000000",) if self.active_directory else ("pwdAccountLockedTime: 000001010000Z",)
        self.person("lewis.locked", "Lewis Locked", extra=past)
        self.person("twin", "Twin One")
        self.person("twin", "Twin Two", f"cn=another twin,ou=people,{BASE}")
        if self.active_directory:
            self.text += entry(f"cn=PC12,ou=people,{BASE}", "objectClass: computer", "cn: PC12", "sn: PC12",
                               "sAMAccountName: pc12")

    def group(self, name: str, *members: str, relative: int = 0) -> str:
        dn = f"cn={name},ou=groups,{BASE}"
        lines = [f"cn: {name}"] + [f"member: {member}" for member in members]
        if self.active_directory:
            lines += ["objectClass: group", f"sAMAccountName: {name}"]
            if relative:
                lines.append(f"objectSid:: {sid(relative)}")
        else:
            lines.append("objectClass: groupOfNames")
        self.text += entry(dn, *lines)
        return dn

    def groups(self) -> None:
        amelia, teacher = self.dn("Amelia.Hughes"), self.dn("t.teacher")
        year_6 = self.group("Year-6", amelia, self.dn("noah.patel"), self.dn("leah.leaver"))
        key_stage = self.group("KS2", year_6)
        self.group("Pupils", key_stage)
        self.group("Staff", teacher)
        self.group("Odd Ones", self.odd)
        # A circle: each is a member of the other.
        self.group("circle-a", f"cn=circle-b,ou=groups,{BASE}", amelia)
        self.group("circle-b", f"cn=circle-a,ou=groups,{BASE}")
        if self.active_directory:
            users = self.group("Domain Users", relative=513)
            self.group("Everybody", users)
            return
        self.text += entry(f"cn=chess-club,ou=groups,{BASE}", "objectClass: posixGroup", "cn: chess-club",
                           "gidNumber: 900", "memberUid: Amelia.Hughes")
        self.group("Clubs", f"cn=chess-club,ou=groups,{BASE}")
        self.text += entry(f"cn=prefects,ou=groups,{BASE}", "objectClass: groupOfUniqueNames", "cn: prefects",
                           f"uniqueMember: {amelia}")


def make_certificates(folder: pathlib.Path, name: str) -> None:
    """authority.pem, and server.pem signed by it for `name`; stranger.pem is an authority that signed nothing."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # Our own, as a distribution's may add extensions a second time, which GnuTLS refuses.
    (folder / "openssl.cnf").write_text("[req]\ndistinguished_name=name\n[name]\n[authority]\n"
                                        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
    own = ("-config", "openssl.cnf")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for authority in ("authority", "stranger"):
        openssl("req", *own, "-x509", "-extensions", "authority", *key, "-keyout", f"{authority}.key", "-out",
                f"{authority}.pem", "-days", "2", "-subj", f"/CN=School {authority}")
    openssl("req", *own, *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=directory")
    (folder / "extensions").write_text(f"subjectAltName={name}\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
            "-days", "2", "-extfile", "extensions", "-out", "server.pem")


class DirectoryServer:
    """slapd on two ports of 127.0.0.1 and, for whoever wants a name that is not its own, of 127.0.0.2.

    Its certificate is for the first: libldap takes "localhost" for whatever name this machine has, and a minimal one knows none.
    """

    def __init__(self, schema: str = "openldap", pupils: int = 0, certificate_name: str = "IP:127.0.0.1", tls: bool = True,
                 crowd: bool = False):
        """`pupils` people more, in a group "Crowd" where `crowd` says so."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="schoolgate-directory-"))
        self.schema = schema
        self.port, self.tls_port = free_port(), free_port()
        self.process: subprocess.Popen | None = None
        if tls:
            make_certificates(self.folder, certificate_name)
        self.tls = tls
        self.configuration = self.folder / "slapd.conf"
        self.configuration.write_text(self.configuration_text())
        (self.folder / "active_directory.schema").write_text(ACTIVE_DIRECTORY_SCHEMA)
        (self.folder / "data").mkdir()
        tree = self.folder / "school.ldif"
        tree.write_text(Tree(schema, pupils, crowd).text, encoding="utf-8")
        subprocess.run([SLAPADD, "-q", "-f", self.configuration, "-l", tree], check=True, capture_output=True, text=True)
        (self.folder / "service.password").write_text(SERVICE_PASSWORD + "\n")
        self.start()

    def configuration_text(self) -> str:
        schemas = ["/etc/ldap/schema/core.schema", "/etc/ldap/schema/cosine.schema", "/etc/ldap/schema/nis.schema",
                   "/etc/ldap/schema/inetorgperson.schema"]
        if self.schema == "active_directory":
            schemas.append(str(self.folder / "active_directory.schema"))
        tls = (f"TLSCACertificateFile {self.folder}/authority.pem\nTLSCertificateFile {self.folder}/server.pem\n"
               f"TLSCertificateKeyFile {self.folder}/server.key\n" if self.tls else "")
        return "".join(f"include {name}\n" for name in schemas) + f"""
pidfile {self.folder}/slapd.pid
modulepath {MODULES}
moduleload back_mdb
moduleload ppolicy
{tls}
# As many servers have it: 500 entries at once, all of them page by page.
sizelimit size.soft=500 size.hard=500 size.pr=500 size.prtotal=unlimited
database mdb
maxsize 268435456
suffix "{BASE}"
directory {self.folder}/data
dbnosync
index objectClass,uid,member,uniqueMember,memberUid eq
overlay ppolicy
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{SERVICE_DN}" read by * none
"""

    def start(self) -> None:
        here = ("127.0.0.1", "127.0.0.2")
        addresses = " ".join([*(f"ldap://{address}:{self.port}/" for address in here),
                              *(f"ldaps://{address}:{self.tls_port}/" for address in here if self.tls)])
        log = (self.folder / "slapd.log").open("ab")
        self.process = subprocess.Popen([SLAPD, "-h", addresses, "-f", self.configuration, "-d", "stats"],
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        end = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("slapd does not start: " + (self.folder / "slapd.log").read_text(errors="replace")[-2000:])
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def facts(self) -> dict:
        return {
            "folder": str(self.folder), "port": self.port, "tls_port": self.tls_port, "base": BASE, "bind_dn": SERVICE_DN,
            "password_file": str(self.folder / "service.password"), "trust": str(self.folder / "authority.pem"),
            "stranger": str(self.folder / "stranger.pem"), "log": str(self.folder / "slapd.log"), "password": PASSWORD,
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--schema", choices=["openldap", "active_directory"], default="openldap")
    parser.add_argument("--pupils", type=int, default=0)
    parser.add_argument("--certificate-name", default="IP:127.0.0.1")
    parser.add_argument("--no-tls", action="store_true")
    options = parser.parse_args()
    server = DirectoryServer(options.schema, options.pupils, options.certificate_name, not options.no_tls)
    try:
        print(json.dumps(server.facts()), flush=True)
        for line in sys.stdin:
            word = line.strip()
            if word == "stop":
                server.stop()
            elif word == "start":
                server.start()
            elif word == "quit":
                break
            print("done", flush=True)
    finally:
        server.remove()


if __name__ == "__main__":
    main()
