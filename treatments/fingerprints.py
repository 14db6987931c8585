"""What says in a few letters whether something is still as somebody saw it."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def fingerprint(state: Any) -> str:
    """Return a short text that is another as soon as anything of `state`, as JSON takes it, is."""
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:16]
