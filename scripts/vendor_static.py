"""Keep static/vendor equal to pinned npm packages: `--check` compares offline, without it files are fetched anew."""

import argparse
import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINS = ROOT / "scripts" / "vendor.json"
FOLDER = ROOT / "static" / "vendor"
RECORD = FOLDER / "integrity.json"


def sha512(data: bytes) -> str:
    """The hash as npm and browsers write it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def fetch() -> None:
    """Download each package with npm, prove its hash, and copy the files we serve."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    record: dict[str, str] = {}
    for name, pin in json.loads(PINS.read_text()).items():
        with tempfile.TemporaryDirectory() as folder:
            command = ["npm", "pack", "--silent", f"{name}@{pin['version']}"]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            (archive,) = Path(folder).glob("*.tgz")
            if sha512(archive.read_bytes()) != pin["integrity"]:
                sys.exit(f"{name} {pin['version']} is not what was pinned in {PINS.name}; nothing was changed.")
            with tarfile.open(archive) as tar:
                for inside, outside in pin["files"].items():
                    member = tar.extractfile(inside)
                    assert member is not None, inside
                    (FOLDER / outside).write_bytes(data := member.read())
                    record[outside] = sha512(data)
    RECORD.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")


def check() -> list[str]:
    """Complain of every file that is missing, changed or not recorded."""
    record: dict[str, str] = json.loads(RECORD.read_text())
    pinned = {file for pin in json.loads(PINS.read_text()).values() for file in pin["files"].values()}
    found = {file.name for file in FOLDER.iterdir()} - {RECORD.name}
    complaints = [f"{name} is not pinned in {PINS.name}" for name in sorted(found - pinned)]
    complaints += [f"{name} is missing" for name in sorted(pinned - found)]
    for name in sorted(found & pinned):
        if sha512((FOLDER / name).read_bytes()) != record.get(name):
            complaints.append(f"{name} is not the file that was fetched")
    return complaints


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, offline")
    if not parser.parse_args().check:
        fetch()
    complaints = check()
    for complaint in complaints:
        print(f"static/vendor: {complaint}", file=sys.stderr)
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
