"""Lighthouse on the pages a client sees first: `make lighthouse`.

The demo clinic is served as production serves it (hashed and compressed files, DEBUG off), and
each page is visited five times as a phone on a slow line. Prints medians, writes
var/lighthouse.json, and fails under the scores and over the weight that we promised ourselves.

    python -m tests.lighthouse /treatments/     other pages
"""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from tests.e2e.browser import chromium
from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
VISITS = 5
TRIES = 4  # a visit: now and then Lighthouse loses its own trace and asks to be run again
LEAST_SCORE = 0.95  # performance and accessibility
MOST_BYTES = 160_000  # the first view of the times page, all in all
PAGES = {
    "home": "/",
    "treatment": "/treatments/classic-face-tone/",
    "times": "/book/classic-face-tone/60/",
}


def main(paths: list[str]) -> int:
    """Visit the pages, print the table, and return the exit code."""
    install()
    pages = {path: path for path in paths} or PAGES
    with clinic() as url:
        results = {name: [visit(url + path) for _ in range(VISITS)] for name, path in pages.items()}
    medians = {
        name: {key: median(result[key] for result in visits) for key in visits[0]}
        for name, visits in results.items()
    }
    (ROOT / "var" / "lighthouse.json").write_text(json.dumps(medians, indent=2))
    return conclude(medians)


def install() -> None:
    """Install Lighthouse from its own lock file, once."""
    if (HERE / "node_modules" / "lighthouse").is_dir():
        return
    subprocess.run(
        [BIN / "npm", "ci", "--progress=false"], cwd=HERE, env=node_environ(), check=True
    )


def node_environ() -> dict[str, str]:
    """Return an environment in which our own Node comes first."""
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


@contextmanager
def clinic() -> Iterator[str]:
    """Serve a fresh demo clinic as production would; yields its address."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="lumen-lighthouse-") as var:
        demo = {**os.environ, "VAR_DIR": var}
        production = {
            **demo,
            "DEBUG": "0",
            "SECRET_KEY": "only-for-this-visit-and-long-enough-for-django-0123456789",
            "SITE_URL": f"http://localhost:{port}",
            "ALLOWED_HOSTS": "localhost",
            "EMAIL_URL": "dummymail://",
            "SECURE_SSL_REDIRECT": "0",
        }
        run(demo, "bin/build_assets.py")
        run(demo, "manage.py", "migrate", "--verbosity=0")
        run(demo, "manage.py", "createcachetable", "--verbosity=0")
        run(demo, "manage.py", "demo")
        run(production, "manage.py", "collectstatic", "--noinput", "--verbosity=0")
        granian = [str(BIN / "granian"), "--interface", "wsgi", "--port", str(port)]
        server = subprocess.Popen(
            [
                *granian,
                "--workers",
                "2",
                "--blocking-threads",
                "4",
                "--no-log",
                "clinic.wsgi:application",
            ],
            cwd=ROOT,
            env=production,
            start_new_session=True,
        )
        try:
            wait_for(server, port)
            yield f"http://localhost:{port}"
        finally:
            server.terminate()
            server.wait()


def run(environ: dict[str, str], *command: str) -> None:
    """Run one of our scripts to its end."""
    subprocess.run([sys.executable, *command], cwd=ROOT, env=environ, check=True)


def wait_for(server: "subprocess.Popen[bytes]", port: int) -> None:
    """Return once the front page has been served, which also warms the server up."""
    while server.poll() is None:
        with closing(http.client.HTTPConnection("localhost", port, timeout=20)) as web:
            try:
                web.request("GET", "/")
                web.getresponse()
                return
            except OSError:
                time.sleep(0.2)
    sys.exit("The clinic did not open.")


def visit(url: str) -> dict[str, float]:
    """Let Lighthouse visit `url` once; returns scores from 0 to 1, bytes and milliseconds."""
    program, environ = chromium()
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --disable-background-networking"
    lighthouse = HERE / "node_modules" / "lighthouse" / "cli" / "index.js"
    command = [str(BIN / "node"), str(lighthouse), url, f"--chrome-flags={flags}"]
    command += ["--output=json", "--quiet", "--only-categories=performance,accessibility"]
    environ = {**node_environ(), **environ, "CHROME_PATH": str(program)}
    for _ in range(TRIES):
        done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=False)
        if done.returncode == 0:
            break
    else:
        sys.exit(f"Lighthouse could not visit {url}.")
    report: dict[str, Any] = json.loads(done.stdout)
    requests = report["audits"]["network-requests"]["details"]["items"]
    return {
        "performance": report["categories"]["performance"]["score"],
        "accessibility": report["categories"]["accessibility"]["score"],
        "bytes": sum(request["transferSize"] for request in requests),
        "requests": len(requests),
        "largest_paint_ms": report["audits"]["largest-contentful-paint"]["numericValue"],
        "layout_shift": report["audits"]["cumulative-layout-shift"]["numericValue"],
    }


def conclude(medians: dict[str, dict[str, float]]) -> int:
    """Print the table; return 1 when a page is under its scores or over its weight."""
    print(
        f"\n{'page':12}{'performance':>12}{'accessibility':>15}{'LCP ms':>9}{'CLS':>7}{'bytes':>10}"
    )
    failures = []
    for name, page in medians.items():
        print(
            f"{name:12}{page['performance']:12.2f}{page['accessibility']:15.2f}"
            f"{page['largest_paint_ms']:9.0f}{page['layout_shift']:7.3f}{page['bytes']:10.0f}"
        )
        for score in ("performance", "accessibility"):
            if page[score] < LEAST_SCORE:
                failures.append(f"{name}: {score} is {page[score]:.2f}, under {LEAST_SCORE}")
        if name == "times" and page["bytes"] > MOST_BYTES:
            failures.append(f"{name}: {page['bytes']:.0f} bytes, over {MOST_BYTES}")
    print("\n" + ("\n".join(failures) or "All as promised."))
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
