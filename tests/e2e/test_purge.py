"""What a purge of the package leaves: tried with dpkg, in a mount namespace where /etc, /var and /usr are copies.

The package is the real one's scripts and question around an empty program: dpkg and debconf look at no more.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

PACKAGING = pathlib.Path(__file__).parents[2] / "packaging"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or pathlib.Path("/proc/self/uid_map").read_text().split()[2] == "1" or not shutil.which("adduser"),
    reason="installs a package: run as root, with adduser",
)

PREPARE = """
set -eu
work=$1 packaging=$2 what=$3
mount -t tmpfs none "$work"
for folder in etc var usr; do
    mkdir -p "$work/$folder.upper" "$work/$folder.work"
    mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$work/$folder.upper,workdir=$work/$folder.work" "/$folder" || exit 77
done
mkdir -p "$work/tree/DEBIAN" "$work/tree/usr/bin"
printf '#!/bin/sh\\n' >"$work/tree/usr/bin/schoolgate"
printf 'Package: schoolgate\\nVersion: 0.1.0-1\\nArchitecture: all\\nMaintainer: x <x@localhost>\\nDescription: x\\n' >"$work/tree/DEBIAN/control"
for script in preinst postinst prerm postrm; do install -m 755 "$packaging/$script" "$work/tree/DEBIAN/"; done
install -m 644 "$packaging/templates" "$work/tree/DEBIAN/"
dpkg-deb --root-owner-group --build "$work/tree" "$work/package.deb" >"$work/said"
export DEBIAN_FRONTEND=noninteractive
dpkg -i "$work/package.deb" >>"$work/said" 2>&1
mkdir -p /etc/schoolgate /var/lib/schoolgate/ca
echo a >/etc/schoolgate/schoolgate.yaml
echo b >/var/lib/schoolgate/breaches.db
case $what in
    removed) dpkg --remove schoolgate >>"$work/said" 2>&1 ;;
    empty) rm -rf /etc/schoolgate/* /var/lib/schoolgate/* ;;
    yes) echo 'schoolgate schoolgate/remove-state boolean true' | debconf-set-selections ;;
esac
dpkg --purge schoolgate 2>&1
echo "left: $(find /etc/schoolgate /var/lib/schoolgate -type f 2>/dev/null | tr '\\n' ' ')"
echo "account: $(getent passwd schoolgate | cut -d: -f1)"
"""


def purge(folder: pathlib.Path, what: str) -> str:
    done = subprocess.run(["unshare", "--mount", "sh", "-c", PREPARE, "sh", folder, PACKAGING, what], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
    if done.returncode == 77:
        pytest.skip("no overlay file system here")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("what", ["installed", "removed"])
def test_the_records_stay_unless_told_otherwise(tmp_path, what):
    said = purge(tmp_path, what)
    assert "left: /etc/schoolgate/schoolgate.yaml /var/lib/schoolgate/breaches.db" in said
    assert "kept, with the school's records" in said and "account: schoolgate" in said


def test_they_go_where_that_was_answered(tmp_path):
    said = purge(tmp_path, "yes")
    assert "left: \n" in said and "removed /etc/schoolgate" in said and "account: \n" in said


def test_nothing_is_kept_of_nothing(tmp_path):
    said = purge(tmp_path, "empty")
    assert "left: \n" in said and "kept" not in said
