import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bin import build_assets

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def assets(tmp_path_factory) -> Path:
    """What the build makes, in a folder of its own."""
    var = tmp_path_factory.mktemp("var")
    build(var)
    return var / "assets"


def build(var: Path) -> None:
    environ = {**os.environ, "VAR_DIR": str(var)}
    subprocess.run([sys.executable, ROOT / "bin" / "build_assets.py"], check=True, env=environ)


def test_the_styles_name_only_fonts_that_are_there(assets):
    sheet = (assets / "css" / "app.css").read_text()
    files = re.findall(r'url\("?\.\./fonts/([^")]+)', sheet)
    assert len(files) == 4
    assert all((assets / "fonts" / file).is_file() for file in files)


def test_every_icon_that_a_page_names_is_in_the_sprite(assets):
    sprite = (assets / "icons.svg").read_text()
    for page in (ROOT / "templates").rglob("*.html"):
        for name in re.findall(r'{% icon "([a-z0-9-]+)"', page.read_text()):
            assert f'<symbol id="{name}"' in sprite


def test_nothing_is_built_again_while_nothing_has_changed(assets):
    sheet = assets / "css" / "app.css"
    before = sheet.stat().st_mtime_ns
    build(assets.parent)
    assert sheet.stat().st_mtime_ns == before


def test_a_misspelt_icon_stops_the_build(monkeypatch, tmp_path):
    misspelt = tmp_path / "page.html"
    misspelt.write_text('{% icon "chekc" %}')
    monkeypatch.setattr(build_assets, "ROOT", tmp_path)
    monkeypatch.setattr(build_assets, "speaking_files", lambda: iter([misspelt]))
    with pytest.raises(SystemExit, match=r"page\.html names the icon “chekc”"):
        build_assets.build_sprite()
