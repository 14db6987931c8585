"""Everything that is checked before work is handed in, stage by stage: `make test`.

    python -m tests                          every stage
    python -m tests tests/faults -k redis    only these tests, wherever they can run

LUMEN_DEEP (DEEP=1) digs deeper. A stage that cannot run on this machine is named at the end; with
CI set it is a failure, and so is a skipped test.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests import services
from tests.e2e.browser import chromium
from tests.services import Unavailable

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SERVERS = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"}
NO_TESTS = 5  # pytest's exit code when nothing was chosen
PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "a-long-text-of-many-letters-that-nobody-could-guess-0123456789",
    "SITE_URL": "https://book.lumen.example",
    "ALLOWED_HOSTS": "book.lumen.example",
    "EMAIL_URL": "smtp+tls://lumen:password@mail.lumen.example:587",
}


@dataclass
class Report:
    """How one stage went."""

    name: str
    outcome: str = "passed"  # or "FAILED", "NOT RUN", "nothing chosen"
    seconds: float = 0.0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    notes: list[str] = field(default_factory=list)


def main(arguments: list[str]) -> int:
    """Run the stages, print the table, and return the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.chdir(ROOT)
    if os.environ.get("DEEP", "0") not in {"", "0"}:
        os.environ["LUMEN_DEEP"] = "1"
    reports = [] if arguments else [check(*each) for each in CHECKS.items()]
    for name, prepare in TESTS.items():
        reports.append(run_tests(name, prepare, arguments))
    return conclude(reports, is_ci=bool(os.environ.get("CI")), is_narrowed=bool(arguments))


# Checks: programs of the environment that look at the code

CHECKS = {
    "format": "ruff format --check .",
    "lint": "ruff check .",
    "templates": "djlint templates --lint",
    "types": "mypy",
    "layers": "lint-imports",
    "migrations": "python manage.py makemigrations --check --dry-run",
    "production settings": "python manage.py check --deploy --fail-level WARNING",
}


def check(name: str, command: str) -> Report:
    """Run one of the environment's programs, and show what it says if it fails."""
    report = started(name)
    program, *arguments = command.split()
    environ = {**os.environ, **(PRODUCTION if name == "production settings" else {})}
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lumen-check-") as var:
        done = subprocess.run(
            [BIN / program, *arguments],
            env={**environ, "VAR_DIR": var},
            capture_output=True,
            text=True,
            check=False,
        )
    report.seconds = time.monotonic() - begin
    if done.returncode:
        report.outcome = "FAILED"
        print(done.stdout + done.stderr, flush=True)
    return report


# Tests: pytest, on different servers


def on_sqlite(stack: ExitStack) -> tuple[dict[str, str], list[str]]:
    """SQLite and the file broker."""
    return {}, ["-m", "not e2e"]


def on_servers(stack: ExitStack) -> tuple[dict[str, str], list[str]]:
    """PostgreSQL and Redis."""
    return stack.enter_context(services.both()), ["-m", "not e2e"]


def in_browser(stack: ExitStack) -> tuple[dict[str, str], list[str]]:
    """Journeys in Chromium, on SQLite."""
    chromium()
    return {}, ["-m", "e2e"]


Prepare = Callable[[ExitStack], tuple[dict[str, str], list[str]]]
TESTS: dict[str, Prepare] = {
    "tests on SQLite, file broker": on_sqlite,
    "tests on PostgreSQL, Redis": on_servers,
    "journeys in Chromium": in_browser,
}


def run_tests(name: str, prepare: Prepare, arguments: list[str]) -> Report:
    """Run pytest with what `prepare` gives, in a var/ of its own, and count from its XML."""
    report = started(name)
    begin = time.monotonic()
    with ExitStack() as stack:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lumen-test-")))
        (ROOT / "var" / "assets").mkdir(parents=True, exist_ok=True)
        (var / "assets").symlink_to(ROOT / "var" / "assets")
        try:
            servers, choice = prepare(stack)
        except Unavailable as reason:
            report.outcome = "NOT RUN"
            report.notes.append(str(reason))
            return report
        without_servers = {key: text for key, text in os.environ.items() if key not in SERVERS}
        result = var / "result.xml"
        command = [sys.executable, "-m", "pytest", "-q", *choice, *arguments]
        done = subprocess.run(
            [*command, f"--junitxml={result}"],
            env={**without_servers, **servers, "VAR_DIR": str(var)},
            check=False,
        )
        count(report, result)
    report.seconds = time.monotonic() - begin
    if done.returncode == NO_TESTS:
        report.outcome = "nothing chosen" if arguments else "NOT RUN"
        report.notes += [] if arguments else ["there are no such tests"]
    elif done.returncode:
        report.outcome = "FAILED"
        report.failed = max(report.failed, 1)  # pytest itself may have broken
    return report


def count(report: Report, result: Path) -> None:
    """Read from pytest's XML how many passed, failed and were skipped, and the skipped by name."""
    if not result.exists():
        return
    for case in ElementTree.parse(result).iter("testcase"):
        if (skipped := case.find("skipped")) is not None:
            report.skipped += 1
            report.notes.append(f"{case.get('name')}: {skipped.get('message')}")
        elif case.find("failure") is not None or case.find("error") is not None:
            report.failed += 1
        else:
            report.passed += 1


# The end


def started(name: str) -> Report:
    """Say that a stage begins, and return its empty report."""
    print(f"\n== {name} ==", flush=True)
    return Report(name)


def conclude(reports: list[Report], *, is_ci: bool, is_narrowed: bool) -> int:
    """Print the table, what did not run, and the sum; return the exit code."""
    print(f"\n{'stage':32}{'outcome':16}{'seconds':>8}{'passed':>8}{'failed':>8}{'skipped':>8}")
    for each in reports:
        counts = f"{each.passed:8}{each.failed:8}{each.skipped:8}"
        is_pytest = each.name in TESTS
        print(f"{each.name:32}{each.outcome:16}{each.seconds:8.1f}{counts if is_pytest else ''}")
    gaps = [(each.name, note) for each in reports for note in each.notes]
    if gaps:
        print("\nDID NOT RUN on this machine" + (", so this run FAILS:" if is_ci else ":"))
        for name, note in gaps:
            print(f"  {name}: {note}")
    chose_nothing = is_narrowed and all(each.outcome == "nothing chosen" for each in reports)
    if chose_nothing:
        print("\nNo test matches these arguments.")
    is_bad = any(each.outcome == "FAILED" for each in reports) or bool(gaps and is_ci)
    passed, failed, skipped = (
        sum(getattr(each, kind) for each in reports) for kind in ("passed", "failed", "skipped")
    )
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return int(is_bad or chose_nothing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
