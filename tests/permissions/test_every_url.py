"""Every address of the project as everybody who may come, beside the table that says who may."""

import pytest

from booking.services import calendars
from booking.services.fetching import CannotFetch
from clinic.web import clock
from tests.booking.scenes import NOW
from tests.permissions.walking import ROLES, TABLE, World, build, outcome, routes, table


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    def nobody_answers(*address: object, **known: object) -> None:
        raise CannotFetch(calendars.Trouble.UNREACHABLE)

    monkeypatch.setattr(calendars, "fetch", nobody_answers)
    return build()


def test_everybody_gets_what_the_table_says_at_every_address(world):
    said, found = table(), {route.name: world.outcomes(route) for route in routes()}

    new = [f"{name} {' '.join(cells)}" for name, cells in found.items() if name not in said]
    gone = sorted(said.keys() - found.keys())
    different = [
        f"{name}: {role} gets {is_so}, the table says {ought}"
        for name, cells in found.items()
        if name in said
        for role, is_so, ought in zip(ROLES, cells, said[name], strict=True)
        if is_so != ought
    ]
    assert not new, "\n".join([f"Not in {TABLE.name} (who may?):", *new])
    assert not gone, "\n".join([f"In {TABLE.name}, and nowhere else:", *gone])
    assert not different, "\n".join(different)


def test_an_altered_link_opens_nothing_to_anybody(world):
    with_token = [route for route in routes() if "token" in route.arguments]
    assert len(with_token) > 20

    for route in with_token:
        token = world.value(route, "token")
        path = world.path(route, token=f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}")
        for role in ROLES:
            answer = world.ask(role, "get", path)
            if outcome(answer) == "go":  # to the page with the button
                answer = world.ask(role, "get", answer["Location"])
            assert answer.status_code == 404, f"{route.name}: {role}"
            assert outcome(world.ask(role, "post", path)) in {"404", "405"}, f"{route.name}: {role}"


def test_nobody_breaks_anything():
    assert not [name for name, cells in table().items() if "5" in {cell[0] for cell in cells}]
