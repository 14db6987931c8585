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

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise

Count = Callable[[Any], int]
Viewer = Any  # a user of accounts, which is a room above


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place the rail leads to.

    `position` puts it in order; `pages` are the url names, with their namespace, of the pages that
    belong to it, the one it leads to first. Who has none of `permissions` does not see it.
    """

    position: int
    pages: tuple[str, ...]
    icon: str
    name: str | Promise
    permissions: tuple[str, ...]
    count: Count | None = None

    @property
    def url(self) -> str:
        """Where it leads."""
        return reverse(self.pages[0])


@dataclass(frozen=True)
class Link:
    """A place as one person sees it: whether they are there, and how much waits."""

    place: Place
    is_here: bool
    is_page: bool
    waiting: int


_places: list[Place] = []


def add(place: Place) -> None:
    """Let the rail lead to `place`; twice is harmless."""
    if place not in _places:
        insort(_places, place, key=attrgetter("position"))


def rail(viewer: Viewer | AnonymousUser, here: str) -> list[Link]:
    """Return where `viewer` may go from the page named `here`. One query for each count."""
    return [
        Link(
            place,
            is_here=here in place.pages,
            is_page=here == place.pages[0],
            waiting=place.count(viewer) if place.count else 0,
        )
        for place in _places
        if any(map(viewer.has_perm, place.permissions))
    ]


def staff_page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a page in the frame, whose rail counts what waits. One query for each count."""
    return render(request, template, in_frame(request, context), status=status)


def in_frame(request: HttpRequest, context: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return `context` with what the frame needs: `rail`."""
    here = request.resolver_match.view_name if request.resolver_match else ""
    return {**(context or {}), "rail": rail(request.user, here)}
