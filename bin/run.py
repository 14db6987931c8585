"""Start the clinic on this machine: web, Celery worker and beat, until Ctrl-C.

Leaves no process behind, however it ends: each part runs in a session of its own, so that what a
part started can be stopped with it. The address comes from PORT.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TERMINAL = 0
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 12  # seconds a part may take to finish what it is doing before it is killed


def main() -> int:
    """Prepare the clinic, run it, and return the exit code: 0 when it was asked to stop."""
    port = chosen_port()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    try:
        subprocess.run([sys.executable, "bin/build_assets.py"], check=True)
        return serve(parts(port, prepare()), port)
    except KeyboardInterrupt:
        return 130
    except subprocess.CalledProcessError as failure:
        return failure.returncode


def chosen_port() -> int:
    """Return PORT, once nothing else listens on it."""
    text = os.environ.get("PORT", "8000")
    if not text.isdecimal() or not 0 < int(text) < 65536:
        sys.exit(f"PORT={text} is no port: choose a number from 1024 to 65535.")
    port = int(text)
    for host in ("127.0.0.1", "::1"):  # what a browser tries for "localhost"
        with suppress(OSError), closing(socket.create_connection((host, port), timeout=1)):
            sys.exit(
                f"Port {port} is in use: stop what is running there, "
                f"or choose another with make run PORT={8123 if port != 8123 else 8124}."
            )
    return port


def prepare() -> Path:
    """Bring database, cache table, demo clinic and static files up to date; return var/."""
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import call_command

    try:
        django.setup()
        from django.conf import settings
    except ImproperlyConfigured as refusal:
        sys.exit(str(refusal))
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    if settings.DEMO:
        call_command("demo")
    if not settings.DEBUG:
        call_command("collectstatic", verbosity=0, interactive=False)
    django.db.connections.close_all()
    return settings.VAR


def parts(port: int, var: Path) -> dict[str, list[str]]:
    """Return the command of each part of the clinic, by its name."""
    schedule = var / "beat" / str(port)
    schedule.parent.mkdir(exist_ok=True)
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--log-level", "warning"]
    # A worker told to stop while it starts would not hear it: hence the time limit.
    workers = ["--workers", "2", "--blocking-threads", "4", "--workers-kill-timeout", "5"]
    celery = [sys.executable, "-m", "celery", "--quiet", "--app", "clinic"]
    alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]  # no other worker
    worker = [*celery, "worker", "--pool=threads", "--concurrency=2", "--loglevel=warning"]
    return {
        "web": [*granian, *workers, "--port", str(port), "clinic.wsgi:application"],
        "worker": [*worker, *alone],
        "beat": [*celery, "beat", f"--schedule={schedule}", "--loglevel=warning"],
    }


def serve(commands: dict[str, list[str]], port: int) -> int:
    """Run `commands` until a signal comes, the terminal goes or one of them ends; then stop all.

    Returns 0 when asked to stop, 1 when a part ended by itself.
    """
    asked = threading.Event()
    for number in STOPPING:
        signal.signal(number, lambda *_: asked.set())
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # half a clinic asleep is no use to anybody
    home = surroundings()
    running: dict[str, subprocess.Popen[bytes]] = {}
    is_open = False
    try:
        for name, command in commands.items():
            running[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, start_new_session=True
            )
        while not asked.wait(0.1) and surroundings() == home:
            for name, part in running.items():
                if part.poll() is not None:
                    print(f"The {name} ended by itself; closing the clinic.", file=sys.stderr)
                    return 1
            if not is_open and (is_open := answers(port)):
                print(
                    f"\nThe clinic is open at http://localhost:{port} (Ctrl-C closes it)\n",
                    flush=True,
                )
        return 0
    finally:
        stop(running.values())


def surroundings() -> tuple[int, bool]:
    """Return who started us and whether there is a terminal: with either gone, so are we."""
    return os.getppid(), os.isatty(TERMINAL)


def answers(port: int) -> bool:
    """Whether the web part serves pages yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    with suppress(OSError, http.client.HTTPException), closing(connection):
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    return False


def stop(running: Iterable[subprocess.Popen[bytes]]) -> None:
    """Ask every part to finish, wait for it, and kill what is left of its session."""
    for part in running:
        send(part, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    for part in running:
        with suppress(subprocess.TimeoutExpired):
            part.wait(max(0, deadline - time.monotonic()))
        send(part, signal.SIGKILL)
        part.wait()


def send(part: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to everything `part` started; it may all be gone."""
    with suppress(ProcessLookupError):
        os.killpg(part.pid, number)


def in_front_of_make() -> int:
    """Run main() as the terminal's foreground, and return its exit code.

    Ctrl-C then reaches it alone; make, which would call even a good stop a failure, just waits.
    """
    clinic = subprocess.Popen([sys.executable, __file__], process_group=0)
    for number in STOPPING:
        signal.signal(number, lambda *_: clinic.terminate())
    os.tcsetpgrp(TERMINAL, clinic.pid)
    code = clinic.wait()
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    with suppress(OSError):  # it may have been closed
        os.tcsetpgrp(TERMINAL, os.getpgrp())
    return code


def is_makes_terminal() -> bool:
    """Whether we share a terminal's foreground with the make that started us."""
    with suppress(OSError):
        return os.tcgetpgrp(TERMINAL) == os.getpgrp() != os.getpid()
    return False


if __name__ == "__main__":
    sys.exit(in_front_of_make() if is_makes_terminal() else main())
