"""`make run`, but for make: it opens, and whatever happens it leaves no process behind."""

import os
import pty
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest
from django.conf import settings

from tests.services import free_port

pytestmark = [pytest.mark.sqlite, pytest.mark.files]

RUN = [sys.executable, str(Path(settings.BASE_DIR) / "bin" / "run.py")]


@pytest.fixture
def environ(tmp_path) -> dict[str, str]:
    """An empty clinic in a folder and on a port of its own."""
    return {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path),
        "PORT": str(free_port()),
        "DEMO": "0",
    }


def test_ctrl_c_under_make_closes_the_clinic_in_peace_and_leaves_no_process(environ, tmp_path):
    ours, terminal = pty.openpty()
    shell = subprocess.Popen(  # in make's place: it shares the terminal's foreground
        ["/bin/sh", "-c", f'"{RUN[0]}" "{RUN[1]}"; echo "ended with $?"'],
        env=environ,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=take_terminal,
    )
    os.close(terminal)
    read_until(ours, f"http://localhost:{environ['PORT']}")
    assert {"web", "worker", "beat"} <= names_of(processes_of(environ))

    os.write(ours, b"\x03")
    assert "ended with 0" in read_all(ours)
    shell.wait(30)
    assert not processes_of(environ)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_asked_to_stop_it_stops_everything(environ, number):
    clinic = start(environ)
    clinic.send_signal(number)
    assert clinic.wait(30) == 0
    assert not processes_of(environ)


@pytest.mark.parametrize("name", ["web", "beat"])
def test_when_a_part_is_killed_the_rest_is_stopped_and_that_is_a_failure(environ, name):
    clinic = start(environ)
    parts = [each for each in processes_of(environ) if names_of([each]) == {name}]
    oldest = min(parts, key=lambda each: each.create_time())
    oldest.kill()
    assert clinic.wait(30) == 1
    assert not processes_of(environ)


def test_a_port_in_use_is_one_sentence(environ):
    with closing(socket.create_server(("127.0.0.1", int(environ["PORT"])))):
        done = subprocess.run(RUN, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {environ['PORT']} is in use: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("port", ["abc", "0", "65536"])
def test_a_port_that_is_none_is_one_sentence(environ, port):
    environ["PORT"] = port
    done = subprocess.run(RUN, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"PORT={port} is no port: ")


def start(environ: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Start the clinic without a terminal; returns once it is open."""
    clinic = subprocess.Popen(
        RUN,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until_open(environ)
    return clinic


def take_terminal() -> None:
    """Make the terminal on our input ours, as a login does."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def wait_until_open(environ: dict[str, str]) -> None:
    """Return once the clinic serves pages and all its parts run."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{environ['PORT']}/healthz", timeout=5):
                break
        except (URLError, ConnectionError):
            assert time.monotonic() < deadline, "the clinic did not open within a minute"
            time.sleep(0.1)
    while not {"web", "worker", "beat"} <= names_of(processes_of(environ)):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def processes_of(environ: dict[str, str]) -> list[psutil.Process]:
    """Return every process that runs in this clinic's folder, whoever started it."""
    found = []
    for each in psutil.process_iter():
        try:
            if each.environ().get("VAR_DIR") == environ["VAR_DIR"]:
                found.append(each)
        except psutil.Error:
            continue
    return found


def names_of(processes: list[psutil.Process]) -> set[str]:
    """Return which parts of the clinic these processes are."""
    names = set()
    for each in processes:
        try:
            words = each.cmdline()
        except psutil.Error:
            continue
        names |= {"web"} if "granian" in words else {"worker", "beat"} & set(words)
    return names


def read_until(terminal: int, words: str) -> None:
    """Return once `words` stand on the screen."""
    screen = b""
    while words.encode() not in screen:
        piece = os.read(terminal, 4096)
        assert piece, f"closed without {words!r}: {screen.decode(errors='replace')}"
        screen += piece


def read_all(terminal: int) -> str:
    """Return what was written to the terminal until nobody had it open any more."""
    text = b""
    try:
        while piece := os.read(terminal, 4096):
            text += piece
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(terminal)
    return text.decode(errors="replace")
