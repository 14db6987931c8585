"""Build what the browser gets beside the hand-written files: stylesheets, fonts, the icon sprite.

`python bin/build_assets.py` writes into $VAR_DIR/assets (var/assets) and does nothing when no
input changed. Libraries come from node_modules; `npm ci` puts them there.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
ASSETS = Path(os.environ.get("VAR_DIR") or ROOT / "var") / "assets"

STYLESHEETS = ["app", "desk"]
FONTS = ["ysabeau", "hanken-grotesk"]
SCRIPTS = re.compile(r"latin(-ext)?-wght")  # the alphabets we ship; a page loads those it needs
FONT_FACE = re.compile(r"@font-face \{[^}]*\}")
FONT_FILE = re.compile(r"url\(\./files/([\w-]+\.woff2)\)")

ICONS = MODULES / "bootstrap-icons" / "icons"
# {% icon "check2" %}, {% include … with icon="check2" %}, {"icon": "check2"}, icon="check2"
ICON_NAME = re.compile(r"""\bicon["']?\s*[:=(]?\s*["']([a-z0-9-]+)["']""")


def speaking_files() -> Iterator[Path]:
    """Yield the files that may name an icon."""
    yield from (ROOT / "templates").rglob("*.html")
    yield from (ROOT / "static" / "js").glob("*.js")
    for package in ("clinic", "treatments", "booking"):
        yield from (ROOT / package).rglob("*.py")


def digest() -> str:
    """Return a fingerprint of all that goes into the assets."""
    inputs = [Path(__file__), ROOT / "package-lock.json", *(ROOT / "static" / "css").iterdir()]
    hashed = hashlib.sha256()
    for path in sorted([*inputs, *speaking_files()]):
        hashed.update(str(path.relative_to(ROOT)).encode())
        hashed.update(path.read_bytes())
    return hashed.hexdigest()


def build_sprite() -> None:
    """Write one file of the icons in use, each a <symbol> with the icon's name as its id."""
    used: dict[str, Path] = {}
    for path in speaking_files():
        for name in ICON_NAME.findall(path.read_text()):
            used.setdefault(name, path)
    symbols = []
    for name, path in sorted(used.items()):
        drawing = ICONS / f"{name}.svg"
        if not drawing.is_file():
            sys.exit(f"{path.relative_to(ROOT)} names the icon “{name}”; there is none.")
        _, _, inside = drawing.read_text().partition(">")
        paths = re.sub(r"\s*\n\s*", "", inside).removesuffix("</svg>")
        symbols.append(f'<symbol id="{name}" viewBox="0 0 16 16">{paths}</symbol>')
    sprite = f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'
    (ASSETS / "icons.svg").write_text(sprite)


def font_faces() -> str:
    """Copy the font files we ship and return their @font-face rules."""
    fonts = ASSETS / "fonts"
    fonts.mkdir(exist_ok=True)
    rules = []
    for family in FONTS:
        package = MODULES / "@fontsource-variable" / family
        for rule in FONT_FACE.findall((package / "wght.css").read_text()):
            file = FONT_FILE.search(rule)
            if file and SCRIPTS.search(file[1]):
                shutil.copyfile(package / "files" / file[1], fonts / file[1])
                rules.append(rule.replace(file[0], f'url("../fonts/{file[1]}")'))
    return "\n".join(rules)


def build_stylesheets() -> None:
    """Compile static/css with Bootstrap's part and the fonts into one sheet each."""
    node = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    if node is None:
        sys.exit("Node is missing. `make` installs it into the Python environment.")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "_fonts.scss").write_text(font_faces())
        sheets = [
            f"{ROOT / 'static' / 'css' / name}.scss:{ASSETS / 'css' / name}.css"
            for name in STYLESHEETS
        ]
        options = ["--style=compressed", "--no-source-map", "--no-charset", "--quiet-deps"]
        options += ["--silence-deprecation=import", f"--load-path={MODULES}"]
        sass = [node, str(MODULES / "sass" / "sass.js"), *options, f"--load-path={folder}"]
        if subprocess.run([*sass, *sheets], check=False).returncode:
            sys.exit("The stylesheets do not compile.")


def main() -> None:
    if not ICONS.is_dir():
        sys.exit("node_modules is missing. `make` installs it: npm ci.")
    ASSETS.mkdir(parents=True, exist_ok=True)
    stamp = ASSETS.parent / "assets.stamp"
    fingerprint = digest()
    if stamp.is_file() and stamp.read_text() == fingerprint and (ASSETS / "css").is_dir():
        return
    build_sprite()
    build_stylesheets()
    stamp.write_text(fingerprint)


if __name__ == "__main__":
    main()
