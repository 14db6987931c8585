"""Measure the clinic: `make bench`. Prints a table and writes var/bench.json.

Speed is never asserted in a test. Beside each figure of availability stands that of a fixed piece
of Python in the same run; of bookings, that of a bare view on the same server; of messages, that of
a bare loop to the same mail server.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests import services
from tests.__main__ import PRODUCTION

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    """Run every measurement in an empty database of its own."""
    figures: dict[str, Any] = {}
    with services.postgres() as database_url:
        on_postgres = measure("availability", DATABASE_URL=database_url)
    on_sqlite = measure("availability")
    for name, found in (("availability", on_sqlite), ("availability.postgres", on_postgres)):
        figures |= named(name, found)
    with services.postgres() as database_url:
        figures |= named("calendar.postgres", measure("calendar", DATABASE_URL=database_url))
    figures |= named("calendar", measure("calendar"))
    with services.postgres() as database_url:
        figures |= named("dashboard.postgres", measure("dashboard", DATABASE_URL=database_url))
    figures |= named("dashboard", measure("dashboard"))
    with services.postgres() as database_url:
        figures |= named("prices.postgres", measure("prices", DATABASE_URL=database_url))
    figures |= named("prices", measure("prices"))
    with services.both() as urls:
        figures |= named("booking", measure("rate", **urls))
    with services.both() as urls:
        figures |= named("messages", measure("messages", **urls))
    show(figures)
    path = ROOT / "var" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n")
    print(f"Written to {path.relative_to(ROOT)}.")
    return 0


def measure(name: str, **environ: str) -> dict[str, Any]:
    """Run one measurement as a process of its own, with production's settings."""
    with tempfile.TemporaryDirectory(prefix="lumen-bench-") as var:
        done = subprocess.run(
            [sys.executable, "-m", f"tests.benchmarks.{name}"],
            env={**os.environ, **PRODUCTION, "ALLOWED_HOSTS": "127.0.0.1", **environ}
            | {"VAR_DIR": var, "LOG_LEVEL": "ERROR"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def named(prefix: str, figures: dict[str, Any]) -> dict[str, Any]:
    """Return `figures` in one level, each name with where it comes from."""
    flat: dict[str, Any] = {}
    for name, value in figures.items():
        if isinstance(value, dict):
            flat |= named(f"{prefix}.{name}", value)
        else:
            flat[f"{prefix}.{name}"] = value
    return flat


def show(figures: dict[str, Any]) -> None:
    """Print one line a figure."""
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:{width}}  {value:>12,.3f}" if isinstance(value, float)
              else f"{name:{width}}  {value:>12,}")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
