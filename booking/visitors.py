"""Who is at the other end of a booking: a browser we remember, and perhaps a client we know."""

from __future__ import annotations

from dataclasses import dataclass

from clinic.clients.models import Client


@dataclass(frozen=True)
class Visitor:
    """One browser, by its signed cookie; `client` once it came by a valid link or signed in."""

    id: str
    client: Client | None = None

    @property
    def is_known(self) -> bool:
        """Whether we know the person: shorter notice, and no first-visit talk."""
        return self.client is not None
