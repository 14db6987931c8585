"""What clinic.toml says of the demo clinic."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def facts() -> dict[str, Any]:
    """Return clinic.toml as it is written."""
    path = Path(__file__).with_name("clinic.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))
