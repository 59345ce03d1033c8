"""Time for a gateway, its key holder and its commands that a test moves: months in minutes (parts/moved_clock.c says how)."""

import datetime
import mmap
import pathlib
import shutil
import struct
import subprocess
import time

SOURCE = pathlib.Path(__file__).with_name("moved_clock.c")
NS = 1_000_000_000


def build(folder: pathlib.Path) -> pathlib.Path:
    library = folder / "libmoved_clock.so"
    if not library.exists():
        compiler = shutil.which("clang-19") or shutil.which("cc")
        subprocess.run([compiler, "-O2", "-fPIC", "-shared", "-Wall", "-Werror", "-o", str(library), str(SOURCE)], check=True)
    return library


class MovedClock:
    """Wall time and the time since the machine's start as processes with `environment` see them; aware datetimes, UTC."""

    def __init__(self, folder: pathlib.Path, begins: datetime.datetime, rate: int = 1):
        self.library = build(folder)
        self.path = folder / f"moved-{begins:%Y%m%d%H%M%S}.clock"
        self.path.write_bytes(bytes(40))
        with self.path.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), 40)
        self.sequence = 0
        self.anchor, self.rate = time.clock_gettime_ns(time.CLOCK_MONOTONIC), rate
        self.wall = int(begins.timestamp()) * NS
        self.boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self._write()

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "MOVED_CLOCK": str(self.path)}

    def _write(self) -> None:
        self.map[0:8] = struct.pack("q", self.sequence + 1)
        self.map[8:40] = struct.pack("4q", self.anchor, self.rate, self.wall, self.boot)
        self.sequence += 2
        self.map[0:8] = struct.pack("q", self.sequence)

    def _gone(self) -> int:
        return (time.clock_gettime_ns(time.CLOCK_MONOTONIC) - self.anchor) * self.rate

    def now(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp((self.wall + self._gone()) / NS, datetime.timezone.utc)

    def pass_time(self, length: datetime.timedelta) -> None:
        """So much time goes by, for both clocks: nothing is wrong with them."""
        ns = int(length.total_seconds() * NS)
        self.wall += ns
        self.boot += ns
        self._write()

    def pass_until(self, moment: datetime.datetime) -> None:
        self.pass_time(max(moment - self.now(), datetime.timedelta(0)))

    def set_wall(self, moment: datetime.datetime) -> datetime.timedelta:
        """Somebody sets the wall clock; the time since the start goes on as it did. Returns by how much it moved."""
        by = moment - self.now()
        self.wall += int(by.total_seconds() * NS)
        self._write()
        return by

    def step_wall(self, by: datetime.timedelta) -> None:
        self.wall += int(by.total_seconds() * NS)
        self._write()
