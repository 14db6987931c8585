"""The Chromium that journeys and Lighthouse drive: the machine's own, else the packages'."""

import os
import platform
import shutil
import tarfile
from io import BytesIO
from pathlib import Path

import brotli

from tests.services import Unavailable

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "node_modules" / "@sparticuz" / "chromium" / "bin"
UNPACKED = ROOT / "var" / "chromium"


def chromium() -> tuple[Path, dict[str, str]]:
    """Return the browser's program and what its environment needs; the first time, unpack it."""
    for name in ("chromium", "chromium-browser"):
        if found := shutil.which(name):
            return Path(found), {}
    if not PACKAGE.is_dir():
        raise Unavailable("Chromium: no chromium here and no @sparticuz/chromium (npm ci)")
    if platform.machine() not in {"x86_64", "AMD64"}:
        raise Unavailable(
            f"Chromium: none here, and the packaged one is not for {platform.machine()}"
        )
    if not UNPACKED.is_dir():
        _unpack(UNPACKED)
    environ = {"LD_LIBRARY_PATH": str(UNPACKED / "lib")}
    if not Path("/etc/fonts").is_dir():
        environ["FONTCONFIG_PATH"] = str(UNPACKED / "fonts")
    return UNPACKED / "chromium", environ


def _unpack(folder: Path) -> None:
    """Unpack program, libraries and fonts into `folder`, all or nothing."""
    draft = folder.with_name(f"{folder.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    program = draft / "chromium"
    program.write_bytes(brotli.decompress((PACKAGE / "chromium.br").read_bytes()))
    program.chmod(0o755)
    for name in ("al2023", "swiftshader", "fonts"):
        packed = brotli.decompress((PACKAGE / f"{name}.tar.br").read_bytes())
        with tarfile.open(fileobj=BytesIO(packed)) as archive:
            archive.extractall(draft, filter="data")
    draft.rename(folder)
