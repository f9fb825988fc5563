"""Every speed script in turn, then one table of all goals: `make bench`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from experiments.speed.goals import SEPARATOR

SCRIPTS = ("bench", "truncation", "memory", "scaling", "relevance", "agreement", "sweep", "gpu")
ROOT = Path(__file__).parents[2]


def lines_of(script: str) -> list[str]:
    """Return the lines of goals that a script prints; all it prints is passed on at once."""
    command = [sys.executable, "-u", "-m", f"experiments.speed.{script}"]
    told = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603
        for line in running.stdout or ():
            print(line, end="", flush=True)
            if line.count(SEPARATOR) == 2:
                told.append(line.strip())
    return told if running.returncode == 0 else [*told, SEPARATOR.join((script, "failed", "not met"))]


def main() -> None:
    """Run all and print the table."""
    told = [line for script in SCRIPTS for line in lines_of(script)]
    print("\n| what | measured | goal |\n|---|---|---|")
    print("\n".join(f"| {line} |" for line in told))
    if any(SEPARATOR + "failed" + SEPARATOR in line for line in told):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
