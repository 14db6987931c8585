"""The lanes of `make test`: side by side, and stopped together."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests.lanes import Lanes, Stopped
from tests.processes import ROOT, wait_until

pytestmark = pytest.mark.once

NAP = """
import os, pathlib, signal, subprocess, sys, time
child = subprocess.Popen(["sleep", "60"])
pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()} {child.pid}")
try:
    time.sleep(60)
except KeyboardInterrupt:
    pathlib.Path(sys.argv[2]).write_text("tidied up")
"""
STAGES = """
import signal, sys
from functools import partial
from pathlib import Path
from tests.lanes import Lanes

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where we run in the background
folder, nap = Path(sys.argv[1]), sys.argv[2]
with Lanes(2) as lanes:
    jobs = [
        partial(lanes.run, [sys.executable, "-c", nap, folder / f"{n}.pids", folder / f"{n}.end"],
                env={}, output=folder / f"{n}.said")
        for n in range(3)
    ]
    list(lanes.each(jobs, every=1))
"""


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, -signal.SIGINT)]
)
def test_asked_to_stop_it_stops_all_that_runs_and_begins_no_more(tmp_path, number, code):
    stages = subprocess.Popen(
        [sys.executable, "-c", STAGES, tmp_path, NAP], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    assert wait_until(lambda: len(list(tmp_path.glob("*.pids"))) == 2)

    stages.send_signal(number)

    assert stages.wait(30) == code
    assert sorted(path.name for path in tmp_path.glob("*.end")) == ["0.end", "1.end"]
    pids = " ".join(path.read_text() for path in tmp_path.glob("*.pids")).split()
    assert not [pid for pid in pids if is_alive(int(pid))]


def test_two_lanes_are_used_at_once_and_words_are_kept_apart(tmp_path):
    meet = "import os, sys, time; open(sys.argv[1], 'w').close()\nprint('I am', sys.argv[1])\n"
    meet += "while not os.path.exists(sys.argv[2]): time.sleep(0.01)"
    with Lanes(2) as lanes:
        jobs = [
            partial(
                lanes.run,
                [sys.executable, "-c", meet, *names],
                env={"PATH": os.environ["PATH"]},
                output=tmp_path / f"{names[0].name}.said",
            )
            for names in (
                (tmp_path / "one", tmp_path / "two"),
                (tmp_path / "two", tmp_path / "one"),
            )
        ]
        assert list(lanes.each(jobs, every=30)) == [0, 0]
    for name in ("one", "two"):
        assert (tmp_path / f"{name}.said").read_text() == f"I am {tmp_path / name}\n"


def test_while_nothing_ends_there_is_a_word_now_and_then(tmp_path):
    with Lanes(1) as lanes:
        job = partial(lanes.run, ["sleep", "0.5"], env={}, output=tmp_path / "said")
        heard = list(lanes.each([job], every=0.1))
    assert heard[0] is None
    assert heard[-1] == 0


def test_what_a_job_breaks_with_stops_the_others(tmp_path):
    begin = time.monotonic()
    lanes = Lanes(2)
    nap = partial(lanes.run, ["sleep", "60"], env={}, output=tmp_path / "said")

    def broken() -> int:
        raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError, match="of ours"), lanes:
        list(lanes.each([nap, broken], every=30))
    assert time.monotonic() - begin < 30
    with pytest.raises(Stopped):
        nap()
