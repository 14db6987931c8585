"""The frame of the workspace: every page of the staff stands in it, whichever room it comes from.

Rooms say in `ready` where their pages are (`add`) and what waits there (`count`), so that the
frame knows none of them.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Viewer = Any  # a user of accounts, which is a room above, or nobody


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place the rail leads to.

    `position` puts it in order; `pages` are the url names, with their namespace, of the pages that
    belong to it, the one it leads to first. Who has none of `permissions` does not see it. `count`
    is how much waits there for a viewer. With `in_hub` it stands on the page "Clinic", with what
    it is for in a line, and not in the rail.
    """

    position: int
    pages: tuple[str, ...]
    icon: str
    name: str | Promise
    permissions: tuple[str, ...]
    count: Callable[[Viewer], int] | None = None
    in_hub: bool = False
    says: str | Promise = ""

    @property
    def url(self) -> str:
        """Where it leads."""
        return reverse(self.pages[0])

    def is_open_to(self, viewer: Viewer) -> bool:
        """Whether `viewer` may go there."""
        return any(map(viewer.has_perm, self.permissions))


@dataclass(frozen=True)
class Link:
    """A place as one person sees it: whether they are there, and how much waits."""

    place: Place
    is_here: bool
    is_page: bool
    waiting: int


HUB = Place(
    position=99,
    pages=("staff:clinic",),
    icon="gear",
    name=_("Clinic"),
    permissions=(),
)

_places: list[Place] = []


def add(place: Place) -> None:
    """Let the rail, or the hub, lead to `place`; twice is harmless."""
    if place not in _places:
        insort(_places, place, key=attrgetter("position"))


def rail(viewer: Viewer, here: str) -> list[Link]:
    """Return where `viewer` may go from the page named `here`. One query for each count.

    Last comes the hub, for whom any of its places is open.
    """
    links = [_link(place, viewer, here) for place in _open_to(viewer, in_hub=False)]
    inside = hub(viewer, here)
    if inside:
        is_in = any(link.is_here for link in inside)
        waiting = sum(link.waiting for link in inside)
        is_page = here == HUB.pages[0]
        links.append(Link(HUB, is_here=is_in or is_page, is_page=is_page, waiting=waiting))
    return links


def hub(viewer: Viewer, here: str = "") -> list[Link]:
    """Return what `viewer` finds on the page "Clinic". One query for each count."""
    return [_link(place, viewer, here) for place in _open_to(viewer, in_hub=True)]


def staff_page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a page in the frame, whose rail counts what waits. One query for each count."""
    return render(request, template, in_frame(request, context), status=status)


def in_frame(request: HttpRequest, context: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return `context` with what the frame needs: `rail`."""
    here = request.resolver_match.view_name if request.resolver_match else ""
    return {**(context or {}), "rail": rail(request.user, here)}


def _open_to(viewer: Viewer, *, in_hub: bool) -> list[Place]:
    return [place for place in _places if place.in_hub == in_hub and place.is_open_to(viewer)]


def _link(place: Place, viewer: Viewer, here: str) -> Link:
    return Link(
        place,
        is_here=here in place.pages,
        is_page=here == place.pages[0],
        waiting=place.count(viewer) if place.count else 0,
    )
