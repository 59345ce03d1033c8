"""The directory stops at the bell: does anything fail for somebody who is known?

Three quarters of the people have signed in at the sign-in page, a quarter give name and password to the explicit proxy with every new
connection, as browsers do. Then slapd is stopped, and everybody goes on asking, every few seconds, on new
connections, for a site that only their group of the directory may reach: an answer other than 200 is a failure. At the end slapd comes
back, and everybody asks once more. Nothing leaves the machine:

    SCHOOLGATE_BINARY=build/release/schoolgate tests/e2e/on_its_own_machine /usr/bin/python3 bench/load/directory_down.py
        [--minutes M] [--people N] [--every SECONDS]
"""

import argparse
import asyncio
import base64
import collections
import pathlib
import random
import ssl
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import sign_ins  # noqa: E402
from directory_server import PASSWORD, DirectoryServer  # noqa: E402
from parts.origins import Nginx, make_certificates  # noqa: E402

SITE = "games.example"  # of a list: blocked for whoever is nobody known, open to the group that the directory gives


def make_school(folder: pathlib.Path, directory: DirectoryServer):
    # Short: what is known has to outlive its freshness many times over while the directory is away.
    school = sign_ins.make_school(folder, directory, "fresh: 10s")
    school.edit("schoolgate.yaml", "sources: [sign-in]", 'sources: [sign-in, basic]\n  basic: { networks: ["127.0.0.0/8"] }')
    school.edit("policy.yaml", "groups: [year-6, pupils]", "groups: [crowd]")
    school.edit("policy.yaml", "categories: { games: block }", "categories: { gambling: block }")
    return school


async def ask(school, web_port: int, i: int, by_password: bool) -> str:
    """The status, or what kept it from coming."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", school.proxy, local_addr=(sign_ins.address_of(i), 0))
        proof = ""
        if by_password:
            proof = "Proxy-Authorization: Basic " + base64.b64encode(f"{sign_ins.user_of(i)}:{PASSWORD}".encode()).decode() + "\r\n"
        writer.write(f"GET http://{SITE}:{web_port}/ HTTP/1.1\r\nHost: {SITE}:{web_port}\r\n{proof}Connection: close\r\n\r\n".encode())
        line = await asyncio.wait_for(reader.readline(), 60)
        writer.close()
        return line.decode().split(" ")[1] if line else "closed"
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as failure:
        return type(failure).__name__


async def all_of(school, web_port: int, options, until: float, took: list[float]) -> collections.Counter:
    answers: collections.Counter = collections.Counter()

    async def one(i: int) -> None:
        await asyncio.sleep(random.uniform(0, options.every))
        while True:
            began = time.perf_counter()
            answers[await ask(school, web_port, i, i % 4 == 0)] += 1
            took.append(time.perf_counter() - began)
            if time.monotonic() >= until:
                return
            await asyncio.sleep(options.every * random.uniform(0.8, 1.2))

    await asyncio.gather(*(one(i) for i in range(options.people)))
    return answers


def told(name: str, answers: collections.Counter, took: list[float]) -> int:
    failed = sum(count for answer, count in answers.items() if answer != "200")
    others = {answer: count for answer, count in answers.items() if answer != "200"}
    print(f"{name}: {answers.total()} requests, {failed} failed {others if others else ''}; p99 {sign_ins.centile(took, 0.99) * 1000:.0f} ms, "
          f"worst {max(took) * 1000:.0f} ms", flush=True)
    return failed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--every", type=float, default=5, help="seconds between two requests of one person")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="schoolgate-silence-") as name:
        folder = pathlib.Path(name)
        (folder / "web").mkdir()
        make_certificates(folder / "web", SITE)
        web = Nginx(folder / "nginx", folder / "web")
        directory = DirectoryServer(pupils=options.people, crowd=True)
        school = make_school(folder, directory)
        try:
            sign_ins.start(school)
            context = ssl._create_unverified_context()

            async def sign_in_everybody() -> list[dict]:
                done = await asyncio.gather(*(sign_ins.sign_in(school, i, i / 20, context) for i in range(options.people)))
                # Who gives a password to the proxy has accepted the rules at the page, and left it.
                await asyncio.gather(*(sign_ins.sign_out(school, i, context) for i in range(0, options.people, 4)))
                return done

            done = asyncio.run(sign_in_everybody())
            failed = sum("failed" in one for one in done)
            why = sorted({one["failed"] for one in done if "failed" in one})
            print(f"{len(done)} signed in at the page, {failed} could not {why if why else ''}; every fourth then goes by password at the proxy")
            took: list[float] = []
            before = asyncio.run(all_of(school, web.http, options, 0, took))
            failed += told("directory up", before, took)
            directory.stop()
            took = []
            silent = asyncio.run(all_of(school, web.http, options, time.monotonic() + options.minutes * 60, took))
            failed += told(f"directory stopped for {options.minutes:g} minutes, {options.people} people", silent, took)
            directory.start()
            took = []
            failed += told("directory back", asyncio.run(all_of(school, web.http, options, 0, took)), took)
            return 1 if failed else 0
        finally:
            school.stop()
            directory.remove()
            web.stop()


if __name__ == "__main__":
    sys.exit(main())
