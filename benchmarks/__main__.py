"""Every benchmark, one after the other, each in a process of its own; exit 1 if one is over its budget."""

import subprocess
import sys

BENCHMARKS = ("benchmarks.scan_ratio", "benchmarks.compare_ratio", "benchmarks.neuron_table", "benchmarks.share_page")


def main() -> int:
    """Run them all and say which kept to their budgets."""
    codes = {}
    for name in BENCHMARKS:
        print(f"--- {name}", flush=True)
        codes[name] = subprocess.call([sys.executable, "-m", name])
    for name, code in codes.items():
        print(f"{name}: {'within budget' if code == 0 else 'OVER BUDGET or failed'}")
    return max(codes.values())


if __name__ == "__main__":
    sys.exit(main())
