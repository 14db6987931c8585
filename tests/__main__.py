"""Everything that is checked before work is handed in, stage by stage: `make test`.

    python -m tests                          every stage
    python -m tests tests/faults -k redis    only these tests, wherever they can run

Stages run side by side, one a core, and what each says is printed when it ends; only those of
chosen tests run one after the other, with the terminal to themselves.

LUMEN_DEEP (DEEP=1) digs deeper. A stage that cannot run on this machine is named at the end; with
CI set it is a failure, and so is a skipped test.
"""

import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from tests import services
from tests.e2e.browser import chromium
from tests.lanes import Lanes
from tests.services import Unavailable

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SERVERS = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"}
NO_TESTS = 5  # pytest's exit code when nothing was chosen
ALIVE = 60.0  # seconds of silence until a line says what is going on
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


WAITING = 1  # lane more than there are cores: the faults wait for processes most of their time


def main(arguments: list[str]) -> int:
    """Run the stages, print the table, and return the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background, and so
    os.chdir(ROOT)  # by what we start, which then could not be told to tidy up
    if os.environ.get("DEEP", "0") not in {"", "0"}:
        os.environ["LUMEN_DEEP"] = "1"
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lumen-said-") as folder:
        try:
            reports = run(Path(folder), arguments)
        except KeyboardInterrupt:
            print("\nStopped.")
            return 128 + signal.SIGINT
    return conclude(
        reports,
        seconds=time.monotonic() - begin,
        is_ci=bool(os.environ.get("CI")),
        is_narrowed=bool(arguments),
    )


def run(folder: Path, arguments: list[str]) -> list[Report]:
    """Run every stage, its words in a file of `folder`, and return how each went, in our order."""
    checks = {} if arguments else CHECKS
    saids = {name: folder / str(number) for number, name in enumerate([*checks, *TESTS])}
    reports: dict[str, Report] = {}
    with Lanes((os.cpu_count() or 1) + WAITING, terminal=bool(arguments)) as lanes:
        jobs = [
            *(partial(check, name, lanes, saids[name], checks[name]) for name in checks),
            *(partial(run_tests, name, lanes, saids[name], arguments) for name in TESTS),
        ]
        for report in lanes.each(jobs, every=ALIVE):
            if report:
                reports[report.name] = report
            if not lanes.terminal:
                show(report, saids) if report else show_progress(saids, left=saids.keys() - reports)
    return [reports[name] for name in saids]


def show(report: Report, saids: dict[str, Path]) -> None:
    """Say how a stage ended and what it said; of a check that passed nobody asks that."""
    print(f"\n== {report.name}: {report.outcome}, {report.seconds:.0f} s ==", flush=True)
    said = saids[report.name]
    if said.exists() and (report.name in TESTS or report.outcome == "FAILED"):
        print(said.read_text(errors="replace"), end="", flush=True)


def show_progress(saids: dict[str, Path], *, left: set[str]) -> None:
    """Say which stages are at work, and how far by the per cent that pytest prints."""
    at_work = [name for name, said in saids.items() if name in left and said.exists()]
    far = [re.findall(r"\d+%", saids[name].read_text(errors="replace")) for name in at_work]
    lines = (
        " ".join([name, *per_cents[-1:]]) for name, per_cents in zip(at_work, far, strict=True)
    )
    print("...", ", ".join(lines), flush=True)


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


def check(name: str, lanes: Lanes, said: Path, command: str) -> Report:
    """Run one of the environment's programs."""
    report = Report(name)
    program, *arguments = command.split()
    environ = {**os.environ, **(PRODUCTION if name == "production settings" else {})}
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lumen-check-") as var:
        env = {**environ, "VAR_DIR": var}
        if lanes.run([BIN / program, *arguments], env=env, output=said):
            report.outcome = "FAILED"
    report.seconds = time.monotonic() - begin
    return report


# Tests: pytest, on different servers


def on_sqlite(stack: ExitStack) -> tuple[dict[str, str], list[str]]:
    """SQLite and the file broker."""
    return {}, ["-m", "not e2e and not faults"]


def on_servers(stack: ExitStack) -> tuple[dict[str, str], list[str]]:
    """PostgreSQL and Redis."""
    return stack.enter_context(services.both()), ["-m", "not e2e and not faults"]


def faults_on_sqlite(stack: ExitStack) -> tuple[dict[str, str], list[str]]:
    """What breaks around SQLite and the file broker."""
    return {}, ["-m", "faults"]


def faults_on_servers(stack: ExitStack) -> tuple[dict[str, str], list[str]]:
    """What breaks around PostgreSQL and Redis."""
    return stack.enter_context(services.both()), ["-m", "faults"]


def in_browser(stack: ExitStack) -> tuple[dict[str, str], list[str]]:
    """Journeys in Chromium, on SQLite."""
    chromium()
    return {}, ["-m", "e2e"]


Prepare = Callable[[ExitStack], tuple[dict[str, str], list[str]]]
TESTS: dict[str, Prepare] = {
    "tests on SQLite, file broker": on_sqlite,
    "tests on PostgreSQL, Redis": on_servers,
    "faults on SQLite, file broker": faults_on_sqlite,
    "faults on PostgreSQL, Redis": faults_on_servers,
    "journeys in Chromium": in_browser,
}


def run_tests(name: str, lanes: Lanes, said: Path, arguments: list[str]) -> Report:
    """Run pytest with what the stage prepares, in a var/ of its own, and count from its XML."""
    report = Report(name)
    if lanes.terminal:
        print(f"\n== {name} ==", flush=True)
    begin = time.monotonic()
    with ExitStack() as stack:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lumen-test-")))
        (ROOT / "var" / "assets").mkdir(parents=True, exist_ok=True)
        (var / "assets").symlink_to(ROOT / "var" / "assets")
        try:
            servers, choice = TESTS[name](stack)
        except Unavailable as reason:
            report.outcome = "NOT RUN"
            report.notes.append(str(reason))
            return report
        without_servers = {key: text for key, text in os.environ.items() if key not in SERVERS}
        result = var / "result.xml"
        choice += [f"--junitxml={result}", f"--color={'yes' if sys.stdout.isatty() else 'no'}"]
        code = lanes.run(
            [sys.executable, "-m", "pytest", "-q", *choice, *arguments],
            env={**without_servers, **servers, "VAR_DIR": str(var)},
            output=said,
        )
        count(report, result)
    report.seconds = time.monotonic() - begin
    if code == NO_TESTS:
        report.outcome = "nothing chosen" if arguments else "NOT RUN"
        report.notes += [] if arguments else ["there are no such tests"]
    elif code:
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


def conclude(reports: list[Report], *, seconds: float, is_ci: bool, is_narrowed: bool) -> int:
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
    skips = f", {skipped} skipped" if skipped else ""
    print(f"\n{passed} passed, {failed} failed{skips} in {seconds:.0f} s")
    return int(is_bad or chose_nothing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
