"""The ordinary day of programs that pupils, teachers and servers of a school use, through both entrances, opened and not.

Each client of Debian does what it does every day: pages, uploads, downloads, event streams, WebSockets and HTTP/2 where it has them. The
pupil's machine, the gateway and the web site are machines of their own. The site's two names are one that the policy opens and one that stays closed.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from parts import machines
from parts.inspected import authority_of, make_authority
from parts.machines import ALLOWED4, GATE4
from parts.ordinary_site import content
from parts.school import School
from parts.tls_origins import Authority, key_pem, pem
from parts.waiting import wait_for

PARTS = pathlib.Path(__file__).parent / "parts"
OPENED, CLOSED, CLEAR = "opened.example", "closed.example", "clear.example"
DOWNLOAD = hashlib.sha256(content(5_000_000)).hexdigest()

POLICY = """
groups:
  pupils:
    title: Pupils
    members: { networks: ["10.20.2.0/24"] }
    categories: { gambling: block }
fallback: pupils
"""
RULES = f"""
block:
  - {{ url: "{OPENED}/casino/", category: gambling }}
"""


def make_package(folder: pathlib.Path) -> None:
    """An apt repository with one package of some megabytes."""
    tree = folder / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text("Package: times-tables\nVersion: 1.0\nArchitecture: all\nMaintainer: School <it@school.example>\nDescription: tables\n")
    (tree / "usr/share/times-tables").mkdir(parents=True)
    (tree / "usr/share/times-tables/all").write_bytes(content(2_000_000))
    package = folder / "files/times-tables_1.0_all.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", "-Znone", str(tree), str(package)], check=True, capture_output=True)
    data = package.read_bytes()
    (folder / "files/Packages").write_text((tree / "DEBIAN/control").read_text() + f"Filename: ./{package.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n\n")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """(folder, the authority's file) of a web site in the server's machine."""
    folder = tmp_path_factory.mktemp("site")
    folder.chmod(0o755)
    authority = Authority()
    for name in (OPENED, CLOSED):  # one for both would have the closed one opened too: a browser may share the connection
        issued = authority.issue(name)
        (folder / f"{name}.pem").write_bytes(pem(issued.certificate, *issued.chain) + key_pem(issued.key))
    (folder / "files").mkdir()
    make_package(folder)
    subprocess.run(["git", "init", "-q", "--bare", str(folder / "git/homework.git")], check=True)
    subprocess.run(["git", "-C", str(folder / "git/homework.git"), "config", "http.receivepack", "true"], check=True)
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{ALLOWED4} {OPENED} {CLOSED} {CLEAR}\n")
    subprocess.run(["mount", "--bind", str(hosts), "/etc/hosts"], check=True)
    machines.build()
    process = subprocess.Popen(["ip", "netns", "exec", "server", sys.executable, str(PARTS / "ordinary_site.py"), str(folder), ALLOWED4], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "serving\n"
    yield folder, authority.write(folder / "authority.pem")
    process.terminate()
    process.wait()
    subprocess.run(["umount", "/etc/hosts"], check=True)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, site):
    school = School(tmp_path_factory.mktemp("gateway"))
    school.files["schoolgate.yaml"] = f"""
site: {{ name: Test School, timezone: Europe/London }}
state: {school.state}
listen:
  proxy: ["0.0.0.0:8080"]
  http: ["0.0.0.0:8081"]
  tls: ["0.0.0.0:8443"]
upstream:
  allow_private: ["198.51.100.0/24"]
  hosts: hosts
  trust: [{site[1]}]
inspection: {{ mode: selective }}
decisions: {school.decisions_file}
"""
    school.files["policy.yaml"], school.files["rules/school.yaml"], school.files["hosts"] = POLICY, RULES, f"{ALLOWED4} {OPENED} {CLOSED} {CLEAR}\n"
    school.write()
    make_authority(school)

    def listening() -> bool:
        sockets = subprocess.run(["ip", "netns", "exec", "gate", "ss", "-Hltn"], capture_output=True, text=True).stdout
        return all(f":{port} " in sockets for port in (8080, 8081, 8443))

    school.start(namespace="gate", ready=listening)
    yield school
    school.stop()


class Device:
    """A pupil's machine: it trusts the school's authority and those of the web, and knows of a proxy or of none."""

    def __init__(self, gateway, host: str, proxy: bool, folder: pathlib.Path, authorities: pathlib.Path):
        self.gateway, self.host, self.proxy, self.folder, self.authorities = gateway, host, proxy, folder, authorities
        self.url = f"https://{host}"
        names = {name: str(authorities) for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS")}
        through = {name: f"http://{GATE4}:8080" for name in ("https_proxy", "HTTPS_PROXY", "http_proxy")} if proxy else {}
        bare = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self.environment = bare | names | through | {"HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}

    def run(self, *command: str, **options) -> str:
        done = subprocess.run(["ip", "netns", "exec", "pupil", *command], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                              env=self.environment, cwd=self.folder, **options)
        assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}\n{self.gateway.words()[-2000:]}"
        return done.stdout

    def was_seen_as_it_should(self) -> None:
        """Opened where the policy opens, and closed elsewhere."""
        self.gateway.wait_for_decision(host=self.host, inspected=self.host == OPENED)
        assert {line["inspected"] for line in self.gateway.decisions() if line["host"] == self.host and line["method"] != "CONNECT"} <= {self.host == OPENED}


@pytest.fixture(params=["explicit", "transparent"])
def entrance(request, gateway):
    if request.param == "transparent":
        machines.load_rules(gateway.command("firewall", "--mode", "redirect").stdout)
    yield request.param
    if request.param == "transparent":
        machines.flush_rules()


@pytest.fixture(params=[OPENED, CLOSED])
def device(request, gateway, entrance, site, tmp_path):
    authorities = tmp_path / "authorities.pem"
    authorities.write_bytes(authority_of(gateway).read_bytes() + site[1].read_bytes())
    made = Device(gateway, request.param, entrance == "explicit", tmp_path, authorities)
    yield made
    made.was_seen_as_it_should()


def client(name: str):
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not on this machine")


@client("curl")
@pytest.mark.parametrize("version", ["1.1", "2"])
def test_curl(device, version):
    ask = ["curl", "-fsS", "--max-time", "60", f"--http{version}"]
    assert device.run(*ask, "-w", "%{http_version}", f"{device.url}/page").endswith(f"a page over {version}\n{version}")
    work = device.folder / "work"
    work.write_bytes(os.urandom(3_000_000))
    digest = hashlib.sha256(work.read_bytes()).hexdigest()
    assert device.run(*ask, "--data-binary", f"@{work}", f"{device.url}/upload") == digest
    assert device.run(*ask, "-T", str(work), f"{device.url}/upload") == digest
    assert device.run("sh", "-c", f"{' '.join(ask)} -T - {device.url}/upload <{work}") == digest  # of unknown length
    device.run(*ask, "-o", "got", f"{device.url}/download?5000000")
    assert hashlib.sha256((device.folder / "got").read_bytes()).hexdigest() == DOWNLOAD
    assert device.run(*ask, "-N", f"{device.url}/events").count("data: event") == 5


def logs_in(device, *more: str) -> None:
    """curl with a member of staff's password, beside a pupil who has none and asks all the time."""
    url = f"{device.url}/staff"
    login = ["curl", "-fsS", "--max-time", "60", "--ntlm", "-u", "j.okafor:hazel-stile-9", *more]
    work = device.folder / "marks"
    work.write_bytes(os.urandom(300_000))
    empty, digest = hashlib.sha256(b"").hexdigest(), hashlib.sha256(work.read_bytes()).hexdigest()
    pupil = "while [ ! -e stop ]; do curl -sS --max-time 20 -o /dev/null -w '%{http_code}\\n' " + f"{' '.join(more)} {url} >>pupil.txt 2>>errors.txt; done"
    beside = subprocess.Popen(["ip", "netns", "exec", "pupil", "sh", "-c", pupil], cwd=device.folder, env=device.environment)
    try:
        for _ in range(10):
            told = device.run(*login, url, url, url).splitlines()
            assert len(told) == 3 and all(line.startswith(f"j.okafor {empty} connection ") for line in told), told
            assert device.run(*login, "--data-binary", f"@{work}", url).startswith(f"j.okafor {digest} ")
    finally:
        (device.folder / "stop").touch()
        beside.wait(30)
    assert set((device.folder / "pupil.txt").read_text().split()) == {"401"}, (device.folder / "errors.txt").read_text()[-500:]


@client("curl")
@pytest.mark.parametrize("version", ["1.1", "2"])
def test_curl_logs_in_by_ntlm(device, version):
    logs_in(device, f"--http{version}")


@client("curl")
def test_curl_logs_in_by_ntlm_in_the_clear(gateway, entrance, site, tmp_path):
    device = Device(gateway, CLEAR, entrance == "explicit", tmp_path, site[1])
    device.url = f"http://{CLEAR}"
    logs_in(device)


@client("wget")
def test_wget(device):
    ask = ["wget", "-q", f"--ca-certificate={device.authorities}", "--timeout=60", "--tries=1"]
    assert "a page over 1.1" in device.run(*ask, "-O", "-", f"{device.url}/page")
    work = device.folder / "work"
    work.write_bytes(os.urandom(3_000_000))
    assert device.run(*ask, "-O", "-", f"--post-file={work}", f"{device.url}/upload") == hashlib.sha256(work.read_bytes()).hexdigest()
    device.run(*ask, "-O", "got", f"{device.url}/download?5000000")
    assert hashlib.sha256((device.folder / "got").read_bytes()).hexdigest() == DOWNLOAD


@client("git")
def test_git(device):
    work, again = device.folder / "work", device.folder / "again"
    device.run("git", "clone", "-q", f"{device.url}/git/homework.git", str(work))
    (work / f"essay-{device.folder.name}").write_bytes(os.urandom(2_500_000))  # more than http.postBuffer: goes up in chunks
    device.run("git", "-C", str(work), "add", ".")
    device.run("git", "-C", str(work), "-c", "user.name=Pupil", "-c", "user.email=pupil@school.example", "commit", "-q", "-m", "Homework")
    # Over HTTP/1.1: libcurl-gnutls 7.88.1 sends blocks of an HTTP/2 body twice when its socket is full (cf_h2_send drops what nghttp2 took before CURLE_AGAIN). To a paced
    # nginx, no gateway: 11 of 12 pushes (HTTP/1.1: none), 27 of 30 uploads (once mended there: none). Through the gateway: 15 of 165 pushes, in all 165 it sent what it got.
    device.run("git", "-C", str(work), "-c", "http.version=HTTP/1.1", "push", "-q", "origin", f"HEAD:refs/heads/{device.folder.name}")
    device.run("git", "clone", "-q", "-b", device.folder.name, f"{device.url}/git/homework.git", str(again))
    essay = f"essay-{device.folder.name}"
    assert (again / essay).read_bytes() == (work / essay).read_bytes()


@client("apt-get")
def test_apt(device, site):
    root = device.folder / "apt"
    for folder in ("lists/partial", "cache/archives/partial", "etc"):
        (root / folder).mkdir(parents=True)
    (root / "etc/sources.list").write_text(f"deb [trusted=yes] {device.url}/files ./\n")
    (root / "status").write_text("")
    settings = [f"Dir::State::Lists={root}/lists", f"Dir::Cache={root}/cache", f"Dir::Etc::SourceList={root}/etc/sources.list", "Dir::Etc::SourceParts=-",
                f"Dir::State::Status={root}/status", "Dir::Etc::Parts=-", "Dir::Etc::Main=-", f"Acquire::https::CAInfo={device.authorities}", "APT::Sandbox::User=root",
                "Acquire::Retries=0"]
    options = [word for setting in settings for word in ("-o", setting)]
    device.run("apt-get", *options, "-q", "update")
    device.run("apt-get", *options, "-q", "download", "times-tables")
    package = "times-tables_1.0_all.deb"
    assert (device.folder / package).read_bytes() == (site[0] / "files" / package).read_bytes()


def test_python(device):
    day = json.loads(device.run(sys.executable, str(PARTS / "ordinary_client.py"), device.url))
    assert "a page over 1.1" in day.pop("page") and day.pop("spread") > 0.8
    assert day == {"upload": True, "chunked": True, "download": DOWNLOAD, "events": 5}


@client("node")
def test_node(device):
    through = [GATE4, "8080"] if device.proxy else []
    day = json.loads(device.run("node", str(PARTS / "ordinary_client.mjs"), device.host, *through))
    assert "a page over 1.1" in day.pop("page") and "a page over 2" in day.pop("h2") and day.pop("spread") > 0.8
    assert day == {"upload": True, "download": DOWNLOAD, "events": 5, "websocket": "good morning"}


@client("java")
def test_java(device):
    through = [GATE4, "8080"] if device.proxy else []
    day = json.loads(device.run("java", "-XX:TieredStopAtLevel=1", str(PARTS / "OrdinaryClient.java"), str(device.authorities), device.host, *through))
    assert day.pop("websocket") == "good morning"
    for version, told in day.items():
        assert f"a page over {version}" in told.pop("page") and told.pop("spread") > 0.8
        assert told == {"upload": True, "chunked": True, "download": DOWNLOAD, "events": 5}, version
    assert set(day) == {"1.1", "2"}


PAC = f"http://{ALLOWED4}/proxy.pac"
CHROMIUM = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--no-first-run",
            "--dump-dom", "--virtual-time-budget=20000", f"--proxy-pac-url={PAC}"]
FIREFOX = {"network.proxy.type": 2, "network.proxy.autoconfig_url": PAC, "app.update.enabled": False, "browser.shell.checkDefaultBrowser": False,
           "datareporting.policy.dataSubmissionEnabled": False, "network.captive-portal-service.enabled": False, "browser.aboutwelcome.enabled": False,
           "toolkit.telemetry.reportingpolicy.firstRun": False, "services.settings.server": "data:,", "network.trr.mode": 5}


@pytest.fixture(params=[OPENED, CLOSED])
def by_pac(request, gateway, site, tmp_path):
    """A device that finds the proxy by a PAC file."""
    authorities = tmp_path / "authorities.pem"
    authorities.write_bytes(b"")
    made = Device(gateway, request.param, False, tmp_path, authorities)
    made.trusted = {"web": site[1], "school": authority_of(gateway)}
    return made


def import_authorities(device, store: pathlib.Path) -> None:
    store.mkdir(parents=True)
    subprocess.run(["certutil", "-d", f"sql:{store}", "-N", "--empty-password"], check=True, capture_output=True)
    for name, file in device.trusted.items():
        subprocess.run(["certutil", "-d", f"sql:{store}", "-A", "-t", "C,,", "-n", name, "-i", str(file)], check=True, capture_output=True)


def wait_for_line(device, before: int, **fields) -> None:
    """A line of the decision log that this test has made."""
    wait_for(lambda: any(fields.items() <= line.items() for line in device.gateway.decisions()[before:]), f"a line with {fields}")


@client("chromium")
def test_chromium_by_pac(by_pac):
    import_authorities(by_pac, by_pac.folder / ".pki/nssdb")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    browse = ["chromium", *CHROMIUM, *root, f"--user-data-dir={by_pac.folder}/profile"]
    before = len(by_pac.gateway.decisions())
    assert "a page over 2" in by_pac.run(*browse, f"{by_pac.url}/page")
    wait_for_line(by_pac, before, host=by_pac.host, action="allow", inspected=by_pac.host == OPENED)
    if by_pac.host == OPENED:
        assert "Test School" in by_pac.run(*browse, f"{by_pac.url}/casino/")


@client("firefox-esr")
def test_firefox_by_pac(by_pac):
    profile = by_pac.folder / "profile"
    import_authorities(by_pac, profile)
    (profile / "user.js").write_text("".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in FIREFOX.items()))
    browse = ["firefox-esr", "--headless", "--no-remote", "--profile", str(profile), "--screenshot", str(by_pac.folder / "page.png")]
    before = len(by_pac.gateway.decisions())
    by_pac.run(*browse, f"{by_pac.url}/page")
    assert (by_pac.folder / "page.png").stat().st_size > 1000
    wait_for_line(by_pac, before, host=by_pac.host, action="allow", inspected=by_pac.host == OPENED)
    if by_pac.host == OPENED:
        by_pac.run(*browse, f"{by_pac.url}/casino/")
        wait_for_line(by_pac, before, host=by_pac.host, action="block", inspected=True)
