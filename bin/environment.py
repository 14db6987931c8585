"""Bring .venv and node_modules in line with their lock files; at once when they already are.

    python3 bin/environment.py run     what the clinic runs on
    python3 bin/environment.py test    that, and what checks and tests need

Started by whatever Python the machine has, so it is also the one to say when that will not do.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"
NODE_MODULES = ROOT / "node_modules"
NODE_LOCK = [ROOT / "package.json", ROOT / "package-lock.json"]


def main() -> None:
    """Make both environments for the set named on the command line, "run" or "test"."""
    if sys.version_info < (3, 11):
        found = ".".join(str(part) for part in sys.version_info[:2])
        sys.exit(
            f"Lumen needs Python 3.11 or newer and this is {found}: install a newer one and name "
            "it, for example PYTHON=python3.12."
        )
    name = sys.argv[1]
    try:
        install_python(name)
        install_node(name)
    except subprocess.CalledProcessError as failure:
        sys.exit(f"The environment is not complete, because this failed: {failure.cmd}")


def install_python(name: str) -> None:
    """Make .venv hold exactly the locked packages of the set `name`."""
    wanted = {
        each: digest([REQUIREMENTS / "uv.txt", REQUIREMENTS / f"{each}.txt"])
        for each in ("run", "test")
    }
    if PYTHON.exists() and is_current(VENV, name, wanted):
        return
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        sys.exit(
            "This Python has no venv module: install it (on Debian and Ubuntu: apt install "
            "python3-venv), or name another Python with PYTHON=..."
        )
    print("Installing the Python packages of the lock file into .venv (once) ...", flush=True)
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    hashed = ["--require-hashes", "-r"]
    locks = [str(REQUIREMENTS / "uv.txt"), str(REQUIREMENTS / f"{name}.txt")]
    sync = [str(PYTHON), "-m", "uv", "pip", "sync", "--quiet", "--compile-bytecode"]
    try:
        subprocess.run([*pip, *hashed, locks[0]], check=True)
        environ = {**os.environ, "VIRTUAL_ENV": str(VENV)}
        subprocess.run([*sync, "--require-hashes", *locks], check=True, env=environ)
    except subprocess.CalledProcessError:
        print("uv could not; trying pip ...", flush=True)  # a mirror may be known to pip alone
        subprocess.run([*pip, *hashed, locks[1]], check=True)
    stamp(VENV, name, wanted)


def install_node(name: str) -> None:
    """Make node_modules hold exactly the locked packages of the set `name`."""
    wanted = dict.fromkeys(("run", "test"), digest(NODE_LOCK))
    if is_current(NODE_MODULES, name, wanted):
        return
    print("Installing the front-end packages of the lock file into node_modules ...", flush=True)
    path = f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}"
    omit = ["--omit=dev"] if name == "run" else []
    npm = [str(PYTHON.parent / "npm"), "ci", "--loglevel=error", "--progress=false", *omit]
    subprocess.run(npm, check=True, cwd=ROOT, env={**os.environ, "PATH": path})
    stamp(NODE_MODULES, name, wanted)


def digest(files: list[Path]) -> str:
    """Return one short text that changes with the content of `files`."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def is_current(folder: Path, name: str, wanted: dict[str, str]) -> bool:
    """Whether `folder` already holds the set `name`; what suits the tests also runs the clinic."""
    stamps = {each: folder / f".{each}" for each in {name, "test"}}
    return any(file.exists() and file.read_text() == wanted[each] for each, file in stamps.items())


def stamp(folder: Path, name: str, wanted: dict[str, str]) -> None:
    """Note that `folder` holds the set `name`, and no other."""
    for each in wanted:
        (folder / f".{each}").unlink(missing_ok=True)
    (folder / f".{name}").write_text(wanted[name])


if __name__ == "__main__":
    main()
