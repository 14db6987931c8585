"""A letter: what a message becomes at the moment it goes."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from clinic.web.wording import Wording, render_letter, wrapped

__all__ = ["Attachment", "Letter", "Wording", "render_letter", "wrapped"]


class Attachment(NamedTuple):
    """A file that goes along. A calendar file names its method: `text/calendar; method=REQUEST`."""

    name: str
    content: bytes
    mimetype: str


@dataclass(frozen=True, kw_only=True)
class Letter:
    """Where a message goes and what it says. `content_versions` are ids of the approved texts."""

    to: str
    subject: str
    text: str
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    content_versions: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256, as hex, over every word and file the recipient gets."""
        digest = sha256()
        words = [self.subject.encode(), self.text.encode(), self.html.encode()]
        for part in words + [attachment.content for attachment in self.attachments]:
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()
