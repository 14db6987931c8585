"""Mail as files: where it goes on a machine without a mail server."""

import os
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from clinic.web import clock


class EmailBackend(BaseEmailBackend):
    """Writes each message as one `.eml` file into MAILBOX."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for mail in email_messages:
            content = mail.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
            name = put(Path(settings.MAILBOX), "eml", content)
            mail.receipt = name  # type: ignore[attr-defined]
        return len(email_messages)


def put(folder: Path, suffix: str, content: bytes) -> str:
    """Write a new file into `folder` and return its name; names sort by the time of writing."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{clock.now():%Y%m%dT%H%M%S.%fZ}-{uuid4().hex[:8]}.{suffix}"
    draft = folder / f".{name}.tmp"
    draft.write_bytes(content)
    os.replace(draft, folder / name)  # whole or not at all, also for a reader
    return name
