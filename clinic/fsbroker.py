"""Celery's broker on a machine without Redis: messages are files in a folder.

kombu's own file transport writes a message in place, and a worker that reads it half-written
dies of it. Ours writes beside and renames, which a file system does in one step.
"""

import os
import uuid
from pathlib import Path
from time import time_ns
from typing import Any

from kombu.transport import filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """A channel whose messages appear whole or not at all."""

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:
        """Write `payload` as one file; names sort by the time they were written."""
        folder = Path(self.data_folder_out)
        name = f"{time_ns() // 1_000_000:016d}_{uuid.uuid4()}.{queue}.msg"
        draft = folder / f".{name}.tmp"
        draft.write_bytes(str_to_bytes(dumps(payload)))
        os.replace(draft, folder / name)


class Transport(filesystem.Transport):
    """The file transport with our channel."""

    Channel = Channel
