"""Towards web sites the gateway is as strict as a browser: every bad certificate ends in a page that says why, every good
twin of it passes. The sites are made here, after the cases that badssl.com shows and hard-cases INT-01 to INT-29."""

import os
import re
import socket
import ssl
import struct
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from parts.inspected import InspectedWire, authority_of, curl, inspecting_school
from parts.origins import Nginx, Server
from parts.tls_origins import DAY, Authority, Issued, TlsOrigin, key_pem, new_key, now, pem, validity

SECRET = "what only the web site knows"

# name -> the words that the page must have.
ENDED, NOT_YET, ITSELF, UNKNOWN = "ended on", "not valid before", "signed its own", "that we do not know"
OTHER_NAME, MISSING, RULES, WEAK = "for another name", "in between are missing", "against the rules", "can be forged"
NOT_FOR_SITES, PROOF, OURS, LARGE = "may not be used for a web site", "promises a proof", "own filter", "too large"

BAD = {
    "expired.test": ENDED,
    "expired-long-ago.test": ENDED,
    "not-yet-valid.test": NOT_YET,
    "self-signed.test": ITSELF,
    "untrusted-root.test": UNKNOWN,
    "untrusted-intermediate.test": UNKNOWN,
    "wrong-host.test": OTHER_NAME,
    "common-name-only.test": OTHER_NAME,
    "no-names.test": OTHER_NAME,
    "two.levels.wild.test": OTHER_NAME,
    "wild.test": OTHER_NAME,
    "half.partial-wildcard.test": OTHER_NAME,
    "shop.co.uk": OTHER_NAME,
    "address-not-name.test": OTHER_NAME,
    "incomplete-chain.test": MISSING,
    "signed-by-a-leaf.test": RULES,
    "path-too-long.test": RULES,
    "outside-constraints.test": RULES,
    "excluded.constraints.test": RULES,
    "unknown-critical.test": RULES,
    "for-clients.test": NOT_FOR_SITES,
    "for-code.test": NOT_FOR_SITES,
    "expired-intermediate.test": ENDED,
    "sha1.test": WEAK,
    "md5.test": WEAK,
    "rsa-1024.test": WEAK,
    "must-staple.test": PROOF,
    "ten-thousand-names.test": LARGE,
}
GOOD = [
    "good.test", "one.wild.test", "shop.example.co.uk", "www.shop.co.uk", "whole-chain.test", "inside.constraints.test", "within-path.test", "rsa-2048.test",
    "thousand-names.test", "UPPER.test", "p-384.test",
]


def self_signed(name: str) -> Issued:
    """A leaf that signed itself: no authority, and nobody's."""
    lone = Authority(name)
    builder = lone._builder(name, lone.key.public_key(), lone.key.public_key(), lone.name)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return Issued(lone._sign(builder), lone.key)


def constraints(*, permitted=None, excluded=None) -> x509.NameConstraints:
    def trees(names):
        return [x509.DNSName(name) for name in names] if names else None

    return x509.NameConstraints(permitted_subtrees=trees(permitted), excluded_subtrees=trees(excluded))


def certificates_of(root: Authority, folder) -> dict[str, Issued]:
    nobody = Authority("Nobody's authority")
    between = root.issue_authority("In between")
    made = {
        "expired.test": root.issue("expired.test", begins=now() - 40 * DAY, ends=now() - DAY),
        "expired-long-ago.test": root.issue("expired-long-ago.test", begins=now() - 4000 * DAY, ends=now() - 3600 * DAY),
        "not-yet-valid.test": root.issue("not-yet-valid.test", begins=now() + 2 * DAY),
        "self-signed.test": self_signed("self-signed.test"),
        "wrong-host.test": root.issue("right-host.test"),
        "common-name-only.test": root.issue(common_name="common-name-only.test"),
        "no-names.test": root.issue(),
        "address-not-name.test": root.issue("127.0.0.1", common_name="address-not-name.test"),
        "incomplete-chain.test": between.issue("incomplete-chain.test", send_chain=False),
        "signed-by-a-leaf.test": root.issue_authority("A leaf that signs", is_authority=False).issue("signed-by-a-leaf.test"),
        "path-too-long.test": root.issue_authority("Last", path_length=0).issue_authority("One too many").issue("path-too-long.test"),
        "outside-constraints.test": root.issue_authority("Constrained", constraints=constraints(permitted=["constraints.test"])).issue("outside-constraints.test"),
        "excluded.constraints.test": root.issue_authority("Excluding", constraints=constraints(excluded=["constraints.test"])).issue("excluded.constraints.test"),
        "unknown-critical.test": root.issue("unknown-critical.test", extra=[(x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.7"), b"\x05\x00"), True)]),
        "for-clients.test": root.issue("for-clients.test", purpose=ExtendedKeyUsageOID.CLIENT_AUTH),
        "for-code.test": root.issue("for-code.test", purpose=ExtendedKeyUsageOID.CODE_SIGNING),
        "expired-intermediate.test": root.issue_authority("Was in between", begins=now() - 40 * DAY, ends=now() - DAY).issue("expired-intermediate.test"),
        "sha1.test": root.issue_with_openssl(folder / "sha1", "sha1.test", "sha1"),
        "md5.test": root.issue_with_openssl(folder / "md5", "md5.test", "md5"),
        "rsa-1024.test": root.issue("rsa-1024.test", key=rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        "must-staple.test": root.issue("must-staple.test", extra=[(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)]),
        "ten-thousand-names.test": root.issue("ten-thousand-names.test", *(f"name-{number:05}.ten-thousand-names.test" for number in range(10_000))),
        # and the good ones
        "good.test": root.issue("good.test"),
        "shop.example.co.uk": root.issue("*.example.co.uk"),
        "www.shop.co.uk": root.issue("*.shop.co.uk"),
        "whole-chain.test": between.issue("whole-chain.test"),
        "inside.constraints.test": root.issue_authority("Constrained", constraints=constraints(permitted=["constraints.test"])).issue("inside.constraints.test"),
        "within-path.test": root.issue_authority("Last but one", path_length=1).issue_authority("Last", path_length=0).issue("within-path.test"),
        "rsa-2048.test": root.issue("rsa-2048.test", key=rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        "p-384.test": root.issue("p-384.test", key=ec.generate_private_key(ec.SECP384R1())),
        "thousand-names.test": root.issue("thousand-names.test", *(f"name-{number:04}.thousand-names.test" for number in range(1_000))),
        "upper.test": root.issue("Upper.TEST"),
        "half.partial-wildcard.test": root.issue("ha*.partial-wildcard.test"),
        "shop.co.uk": root.issue("*.co.uk"),
    }
    untrusted = nobody.issue("untrusted-root.test")
    made["untrusted-root.test"] = Issued(untrusted.certificate, untrusted.key, (nobody.certificate,))
    made["untrusted-intermediate.test"] = nobody.issue_authority("Nobody's in between").issue("untrusted-intermediate.test")
    for name in ("one.wild.test", "two.levels.wild.test", "wild.test"):
        made[name] = root.issue("*.wild.test")
    return made


@pytest.fixture(scope="module")
def sites(web_authority, tmp_path_factory):
    """Every case under its own name, on one port."""
    made = certificates_of(web_authority[0], tmp_path_factory.mktemp("sites"))
    contexts = {name: issued.context(weak=name in ("sha1.test", "md5.test", "rsa-1024.test")) for name, issued in made.items()}
    default = made["good.test"].context(weak=True)
    server = TlsOrigin(default, contexts)
    server.on("/")(lambda call: call.answer(SECRET))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def school(tmp_path_factory, web_authority, sites, names):
    school = make_school(tmp_path_factory.mktemp("strict"), web_authority[1], [sites.port], names)
    yield school.start()
    school.stop()


def make_school(folder, trust, ports, names, **options):
    school = inspecting_school(folder, trust=trust, ports=ports, dns_port=names.port, mode="always", **options)
    school.files["hosts"] += f"127.0.0.1 {' '.join([*BAD, *GOOD, 'ours.test', 'changes.test', 'other.test'])}\n"
    school.write()
    return school


@pytest.fixture
def with_port(tmp_path, web_authority, names):
    """A gateway that may reach this port too."""
    started = []

    def make(*ports):
        school = make_school(tmp_path, web_authority[1], ports, names)
        started.append(school.start())
        return school

    yield make
    for school in started:
        school.stop()


def assert_refused(school, name: str, port: int, words: str, **how) -> None:
    """A 502 that says why, vouched for by a certificate for our own page, and nothing of the web site."""
    answer = curl(school, f"https://{name}:{port}/", **how)
    assert (answer.code, answer.status) == (0, 502), answer
    assert words in answer.body, re.sub(r"<[^>]+>", " ", answer.body[answer.body.find("<main") :])
    assert SECRET not in answer.body


def assert_passes(school, name: str, port: int, **how) -> None:
    answer = curl(school, f"https://{name}:{port}/", **how)
    assert (answer.code, answer.status, answer.body) == (0, 200, SECRET), answer


# --- the cases ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "words"), BAD.items(), ids=BAD)
def test_a_bad_certificate_is_refused_with_its_reason(school, sites, name, words):
    before, refused = len(sites.calls), school.metric("upstream_errors_total", kind="certificate")
    assert_refused(school, name, sites.port, words)
    assert_refused(school, name, sites.port, words, http="2")
    assert len(sites.calls) == before, "the web site was asked all the same"
    assert school.metric("upstream_errors_total", kind="certificate") > refused


@pytest.mark.parametrize("name", GOOD)
def test_its_good_twin_passes(school, sites, name):
    assert_passes(school, name, sites.port)
    assert_passes(school, name, sites.port, http="2")


def test_the_page_about_a_bad_site_is_vouched_for_a_day_and_says_whose_it_is(school, sites):
    with InspectedWire(school, "expired.test", sites.port) as wire:
        page = wire.certificate
    with InspectedWire(school, "good.test", sites.port) as wire:
        good = wire.certificate
    assert validity(page)[1] <= now() + DAY and "filter" in page.subject.rfc4514_string()
    assert validity(good)[1] > now() + 100 * DAY and "filter" not in good.subject.rfc4514_string()


@pytest.mark.parametrize(("named", "passes"), [("127.0.0.1", True), ("localhost", False), ("*.0.0.1", False)])
def test_an_address_is_vouched_for_by_address_only(tmp_path, web_authority, names, named, passes):
    origin = TlsOrigin(web_authority[0].issue(named, common_name="127.0.0.1").context())
    origin.on("/")(lambda call: call.answer(SECRET))
    school = make_school(tmp_path, web_authority[1], [origin.port], names, extra="unnamed: { no_sni: judge }").start()
    try:
        with InspectedWire(school, None, origin.port, to="127.0.0.1") as wire:
            answer = wire.get("/")
        assert answer.status == (200 if passes else 502)
        assert SECRET.encode() in answer.body if passes else OTHER_NAME.encode() in answer.body
    finally:
        school.stop()
        origin.stop()


def test_our_own_authority_vouches_for_no_web_site(school, sites, tmp_path, web_authority, names):
    """Also not where somebody has added it to the roots that are trusted."""

    def of(school):
        key = serialization.load_pem_private_key((school.state / "ca/authority.key").read_bytes(), None)
        return Authority(key=key, certificate=x509.load_pem_x509_certificate(authority_of(school).read_bytes()))

    sites.contexts["ours.test"] = of(school).issue("ours.test").context()
    assert_refused(school, "ours.test", sites.port, OURS)
    trusting = make_school(tmp_path, web_authority[1], [sites.port], names)
    trusting.edit("schoolgate.yaml", f"trust: [{web_authority[1]}]", f"trust: [{web_authority[1]}, {authority_of(trusting)}]")
    trusting.start()
    try:
        sites.contexts["ours.test"] = of(trusting).issue("ours.test").context()
        assert_refused(trusting, "ours.test", sites.port, OURS)
    finally:
        trusting.stop()


# --- changes -----------------------------------------------------------------------------------------------------------


def test_a_site_that_turns_bad_or_good_is_judged_anew(with_port, web_authority):
    """What was minted for the one is not shown for the other (INT-19)."""
    good, bad = web_authority[0].issue("changes.test"), web_authority[0].issue("changes.test", begins=now() - 9 * DAY, ends=now() - DAY)
    origin = TlsOrigin(good.context())
    origin.default.num_tickets = 0  # a session that is resumed shows no certificate

    @origin.on("/once")
    def once(call):
        call.answer(SECRET, ("Connection", "close"))
        call.keep = False

    try:
        school = with_port(origin.port)
        for issued, status in ((bad, 502), (good, 200), (bad, 502), (good, 200)):
            origin.contexts["changes.test"] = issued.context(alpn=("http/1.1",))
            with InspectedWire(school, "changes.test", origin.port) as wire:
                assert ("filter" in wire.certificate.subject.rfc4514_string()) == (status == 502)
                assert wire.get("/once").status == status
            assert curl(school, f"https://changes.test:{origin.port}/once").status == status
    finally:
        origin.stop()


def test_whom_we_trust_no_more_is_not_resumed_nor_reused(tmp_path, sites, web_authority, names):
    school = make_school(tmp_path, web_authority[1], [sites.port], names).start()
    try:
        for http in ("1.1", "2"):
            assert_passes(school, "good.test", sites.port, http=http)
        school.edit("schoolgate.yaml", f"trust: [{web_authority[1]}]", "")
        school.command("reload")
        for http in ("1.1", "2"):
            answer = curl(school, f"https://good.test:{sites.port}/", http=http)
            assert answer.status == 502 and SECRET not in answer.body
    finally:
        school.stop()


# --- staples -----------------------------------------------------------------------------------------------------------


def staple(authority: Authority, issued: Issued, status) -> bytes:
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=issued.certificate, issuer=authority.certificate, algorithm=hashes.SHA1(), cert_status=status, this_update=now() - DAY,
        next_update=now() + DAY, revocation_time=now() - DAY if status == ocsp.OCSPCertStatus.REVOKED else None, revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, authority.certificate)
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("status", ["good", "revoked"])
def test_a_stapled_answer_is_heeded(with_port, tmp_path, web_authority, status):
    root = web_authority[0]
    issued = root.issue("good.test", extra=[(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)])
    folder = tmp_path / "stapled"
    folder.mkdir()
    (folder / "certificate.pem").write_bytes(pem(issued.certificate))
    (folder / "key.pem").write_bytes(key_pem(issued.key))
    (folder / "staple.der").write_bytes(staple(root, issued, getattr(ocsp.OCSPCertStatus, status.upper())))
    nginx = Nginx(tmp_path / "nginx", folder, settings=f"ssl_stapling on; ssl_stapling_file {folder}/staple.der;")
    try:
        school = with_port(nginx.tls)
        answer = curl(school, f"https://good.test:{nginx.tls}/page")
        if status == "good":
            assert answer.status == 200 and "https GET good.test /page" in answer.body
        else:
            assert answer.status == 502 and "withdrawn" in answer.body
    finally:
        nginx.stop()


# --- versions and ciphers ------------------------------------------------------------------------------------------------


def limited(issued: Issued, *, least=None, most=None, ciphers=None) -> ssl.SSLContext:
    context = issued.context(weak=True)
    if least:
        context.minimum_version = least
    if most:
        context.maximum_version = most
    if ciphers:
        context.set_ciphers(ciphers)
    return context


V = ssl.TLSVersion


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("limits", "passes"),
    [
        ({"most": V.TLSv1_1, "least": V.TLSv1}, False),
        ({"most": V.TLSv1, "least": V.TLSv1}, False),
        ({"most": V.TLSv1_2, "ciphers": "AES128-GCM-SHA256:@SECLEVEL=0"}, False),
        ({"most": V.TLSv1_2, "ciphers": "ECDHE-RSA-NULL-SHA:NULL-SHA256:@SECLEVEL=0"}, False),
        ({"most": V.TLSv1_2, "ciphers": "AECDH-AES128-SHA:@SECLEVEL=0"}, False),
        ({"most": V.TLSv1_2, "ciphers": "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"}, True),
        ({"most": V.TLSv1_2}, True),
        ({"least": V.TLSv1_3}, True),
    ],
    ids=["TLS 1.1", "TLS 1.0", "no forward secrecy", "no encryption", "no authentication", "TLS 1.2 AES-GCM", "TLS 1.2", "TLS 1.3"],
)
def test_old_versions_and_weak_ciphers_are_refused(with_port, web_authority, limits, passes):
    issued = web_authority[0].issue("good.test", key=rsa.generate_private_key(public_exponent=65537, key_size=2048))
    origin = TlsOrigin(limited(issued, **limits))
    origin.on("/")(lambda call: call.answer(SECRET))
    try:
        school = with_port(origin.port)
        if passes:
            assert_passes(school, "good.test", origin.port)
        else:
            assert_refused(school, "good.test", origin.port, "TLS")
            assert not origin.handshakes
    finally:
        origin.stop()


@pytest.mark.parametrize("most", [V.TLSv1_2, V.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize("wanted", [ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED], ids=["may", "must"])
def test_a_site_that_wants_a_certificate_of_its_visitors(with_port, web_authority, wanted, most):
    context = web_authority[0].issue("good.test").context()
    context.verify_mode, context.maximum_version = wanted, most
    context.load_verify_locations(web_authority[1])
    origin = TlsOrigin(context)
    origin.on("/")(lambda call: call.answer(SECRET))
    try:
        school = with_port(origin.port)
        if wanted == ssl.CERT_OPTIONAL:
            assert_passes(school, "good.test", origin.port)
        else:  # in TLS 1.3 the refusal comes when the handshake is long over
            assert_refused(school, "good.test", origin.port, "certificate of their own" if most == V.TLSv1_2 else "")
    finally:
        origin.stop()


# --- servers that are no servers -----------------------------------------------------------------------------------------


class RawServer(Server):
    """Reads the ClientHello, then does what the test says."""

    def __init__(self, act):
        self.act, self.sent, self.refused = act, 0, False
        super().__init__()

    def serve(self, connection):
        header = connection.recv(5, socket.MSG_WAITALL)
        hello = connection.recv(struct.unpack("!H", header[3:5])[0], socket.MSG_WAITALL)
        try:
            self.act(self, connection, hello)
        except OSError:
            self.refused = True
            raise


def handshake(kind: int, body: bytes, length: int | None = None) -> bytes:
    return bytes([kind]) + struct.pack("!I", len(body) if length is None else length)[1:] + body


def record(message: bytes) -> bytes:
    return b"".join(b"\x16\x03\x03" + struct.pack("!H", len(part)) + part for part in (message[at : at + 16000] for at in range(0, len(message), 16000)))


def server_hello() -> bytes:
    """TLS 1.2, ECDHE-ECDSA-AES128-GCM-SHA256."""
    return handshake(2, b"\x03\x03" + os.urandom(32) + b"\0" + b"\xc0\x2b" + b"\0" + b"\0\x05\xff\x01\0\x01\0")


def certificate_message(issued: Issued) -> bytes:
    der = issued.certificate.public_bytes(serialization.Encoding.DER)
    one = struct.pack("!I", len(der))[1:] + der
    return handshake(11, struct.pack("!I", len(one))[1:] + one)


def forged_key_exchange(issued: Issued) -> bytes:
    """A ServerKeyExchange whose signature is over other bytes than it should be."""
    point = new_key().public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    parameters = b"\x03\0\x17" + bytes([len(point)]) + point
    signature = issued.key.sign(b"something else" + parameters, ec.ECDSA(hashes.SHA256()))
    return handshake(12, parameters + b"\x04\x03" + struct.pack("!H", len(signature)) + signature)


def test_a_bad_signature_in_the_handshake_is_refused(with_port, web_authority):
    """The certificate is good, and its key is not the server's (INT-09)."""
    issued = web_authority[0].issue("good.test")
    seen = {}

    def act(server, connection, hello):
        connection.sendall(record(server_hello() + certificate_message(issued) + forged_key_exchange(issued) + handshake(14, b"")))
        seen["answer"] = connection.recv(100)

    server = RawServer(act)
    try:
        school = with_port(server.port)
        assert_refused(school, "good.test", server.port, "TLS")
        assert seen["answer"][:1] == b"\x15", "an alert, not a key exchange"
    finally:
        server.stop()


def test_an_endless_handshake_is_cut_off(with_port, web_authority):
    """64 MiB that call themselves a certificate (INT-29): refused long before."""

    def act(server, connection, hello):
        connection.sendall(record(server_hello() + handshake(11, b"", 0xFFFFFF)))
        piece = record(b"\0" * 16000)
        while server.sent < 64 * 1024 * 1024:
            connection.sendall(piece)
            server.sent += 16000

    server = RawServer(act)
    try:
        school = with_port(server.port)
        answer = curl(school, f"https://good.test:{server.port}/")
        assert (answer.code, answer.status) == (0, 502)
        server.stop()
        assert server.sent < 16 * 1024 * 1024
    finally:
        if not server.refused:
            server.stop()


@pytest.mark.parametrize(
    "data",
    [b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"", b"\x15\x03\x03\0\x02\x02\x28", b"\x16\x03\x03\0\x04\x02\0\0\0", os.urandom(500)],
    ids=["HTTP", "SSH", "nothing", "alert", "empty hello", "noise"],
)
def test_what_is_no_tls_server_is_a_502(with_port, data):
    def act(_server, connection, _hello):
        connection.sendall(data)

    server = RawServer(act)
    try:
        school = with_port(server.port)
        answer = curl(school, f"https://good.test:{server.port}/", http="2")
        assert (answer.code, answer.status) == (0, 502), answer
    finally:
        server.stop()


def test_a_site_that_only_listens_is_a_504(tmp_path, web_authority, names):
    held = threading.Event()
    server = RawServer(lambda _server, _connection, _hello: held.wait(30))
    school = make_school(tmp_path, web_authority[1], [server.port], names, limits="connect: 1s")
    school.start()
    try:
        answer = curl(school, f"https://good.test:{server.port}/")
        assert (answer.code, answer.status) == (0, 504), answer
    finally:
        held.set()
        school.stop()
        server.stop()
