"""Find a Chromium for the browser tests, or install one: by the system's packages where it may, else Playwright's own.

Exit 0 always: without a browser the browser tests skip themselves, and this says so loudly.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.support.chromium import chromium_path


def main() -> None:
    """Say which Chromium the tests will use; try to get one when there is none."""
    found = chromium_path()
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        print("No Chromium found; installing the system's package.", flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        wanted = ["chromium", "fonts-noto-core", "fonts-noto-cjk", "fonts-noto-color-emoji"]
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted], check=False)
        found = chromium_path()
    if found is None:
        print("No Chromium found; asking Playwright for its own.", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
        found = chromium_path()
    if found is None:
        print("=" * 100)
        print("NO CHROMIUM: every browser test WILL BE SKIPPED. Install one (apt install chromium) and run again.")
        print("=" * 100)
    else:
        print(f"Browser tests use {found}")


if __name__ == "__main__":
    main()
