"""The pages of the price desk, without a script and with htmx."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse
from django.utils.html import escape

from booking.models import Status
from booking.permissions import Role
from clinic.trail.models import Entry
from clinic.web import clock
from tests.booking.scenes import NOW
from tests.factories import (
    AddOnFactory,
    LocationFactory,
    OptionFactory,
    PriceFactory,
    PriceListFactory,
    Scene,
    UserFactory,
    booked,
    open_clinic,
)
from treatments import services
from treatments.models import Price, PriceChange

pytestmark = pytest.mark.django_db

INDEX, EDIT, BULK = (reverse(f"prices:{name}") for name in ("index", "edit", "bulk"))
START, PUBLISH = reverse("prices:start"), reverse("prices:publish")
HTMX = {"HX-Request": "true"}
FIELD = re.compile(r'name="([oa]\d+-l\d+-p\d+:[\d.]+)" value="([^"]*)"')
APRIL = date(2030, 4, 1)


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def scene() -> Scene:
    """A clinic in New York: one treatment at 170, and Mara, who has a price list."""
    scene = open_clinic()
    scene.provider.price_list = PriceListFactory(name="Mara Okafor")
    scene.provider.save()
    return scene


@pytest.fixture
def sign_in() -> Callable[[str], Browser]:
    def browser_of(name: str) -> Browser:
        browser = Browser()
        browser.force_login(UserFactory(full_name=name, groups=[Role.ADMIN], is_staff=True))
        return browser

    return browser_of


@pytest.fixture
def sam(sign_in) -> Browser:
    return sign_in("Sam Whitlock")


def fields(page) -> dict[str, str]:
    return dict(FIELD.findall(page.content.decode()))


def field(scene: Scene, page, *, price_list: int = 0, location: int = 0) -> str:
    cell = f"o{scene.option.pk}-l{price_list}-p{location}"
    return next(name for name in fields(page) if name.startswith(f"{cell}:"))


def type_in(browser: Browser, scene: Scene, amount: str, **where: int):
    page = browser.get(INDEX)
    return browser.post(EDIT, fields(page) | {field(scene, page, **where): amount})


def publish(browser: Browser, *, day: date | str = APRIL, why: str = "The rent"):
    page = browser.get(INDEX).content.decode()
    hidden = dict(re.findall(r'name="(draft|looked_at)" value="(\w+)"', page))
    return browser.post(PUBLISH, hidden | {"effective_from": str(day), "reason": why})


def text(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


# The table


def test_the_table_shows_each_price_and_whose_it_is(sam, scene):
    page = sam.get(INDEX)

    assert list(fields(page).values()) == ["170", "170", "170"]
    assert f'aria-label="{scene.treatment.name}, 60 min, Mara Okafor, everywhere"' in (
        page.content.decode()
    )
    assert "No changes yet" in text(page)


def test_the_desk_costs_the_same_for_a_large_catalogue(sam, scene, django_assert_max_num_queries):
    for number in range(20):
        option = OptionFactory(minutes=30)
        PriceFactory(option=option)
        PriceFactory(option=None, add_on=AddOnFactory(), amount=30)
        booked(
            location=scene.location,
            provider=scene.provider,
            option=option,
            starts_at=NOW + timedelta(days=20, hours=2 * number),
        )
    page = sam.get(INDEX)
    sam.post(EDIT, dict.fromkeys(fields(page), "175"))

    with django_assert_max_num_queries(25):
        page = sam.get(INDEX)

    assert "83 changes" in text(page)


def test_a_filter_shows_the_prices_of_a_place_and_stays_after_saving(sam, scene):
    page = sam.get(INDEX, {"place": scene.location.slug, "kind": "treatments"})

    mara = scene.provider.price_list_id
    assert [name.partition(":")[0] for name in fields(page)] == [
        f"o{scene.option.pk}-l0-p{scene.location.pk}",
        f"o{scene.option.pk}-l{mara}-p{scene.location.pk}",
    ]
    saved = sam.post(f"{EDIT}?place={scene.location.slug}&kind=treatments", fields(page))
    assert saved["Location"] == f"{INDEX}?place={scene.location.slug}&kind=treatments"


# Typing


def test_what_is_typed_is_in_the_draft_and_nothing_else_is(sam, scene):
    saved = type_in(sam, scene, "175")

    assert (saved.status_code, saved["Location"]) == (303, INDEX)
    page = sam.get(INDEX)
    assert "1 change" in text(page)
    assert "$170 $175" in text(page)
    assert sorted(fields(page).values()) == ["170", "170", "175"]


def test_an_emptied_field_and_the_old_price_take_a_change_back(sam, scene):
    for typed in ("", "170"):
        type_in(sam, scene, "175")
        type_in(sam, scene, typed)

        assert PriceChange.objects.get().edits == []


def own_price(scene: Scene, amount: int = 190) -> int:
    """Let Mara have a price of her own; return her list."""
    hers: int = scene.provider.price_list_id
    PriceFactory(option=scene.option, price_list_id=hers, amount=amount)
    return hers


def test_an_emptied_price_of_ones_own_is_inherited_again(sam, scene):
    hers = own_price(scene)
    type_in(sam, scene, "", price_list=hers)

    page = sam.get(INDEX)
    assert [edit["amount"] for edit in PriceChange.objects.get().edits] == [None]
    assert "Inherited again: it follows what is wider. $190 $170" in text(page)
    assert fields(page)[field(scene, page, price_list=hers)] == ""
    assert 'placeholder="170"' in page.content.decode()

    sam.post(EDIT, fields(page))  # the empty field says what the draft says
    assert [edit["amount"] for edit in PriceChange.objects.get().edits] == [None]

    publish(sam)
    assert "$170 from Apr 1" in text(sam.get(INDEX))
    change = sam.get(reverse("prices:change", args=[PriceChange.objects.get().pk]))
    assert "$190 $170 inherited Apr 1, 2030" in text(change)


@pytest.mark.parametrize("typed", ["190", "195"])
def test_what_was_to_be_inherited_gets_a_price_after_all(sam, scene, typed):
    hers = own_price(scene)
    type_in(sam, scene, "", price_list=hers)
    type_in(sam, scene, typed, price_list=hers)

    amounts = [edit["amount"] for edit in PriceChange.objects.get().edits]
    assert amounts == ([] if typed == "190" else ["195.00"])


@pytest.mark.parametrize("typed", ["", "inherited"])
def test_the_base_has_nothing_to_inherit_from(sam, scene, typed):
    answer = type_in(sam, scene, typed)

    assert answer.status_code == 422
    assert "A base price has nothing to inherit from." in text(answer)
    assert not PriceChange.objects.exists()


def test_the_word_is_read_as_well(sam, scene):
    type_in(sam, scene, "Inherited", price_list=own_price(scene))

    assert [edit["amount"] for edit in PriceChange.objects.get().edits] == [None]


def test_what_is_no_price_is_marked_and_the_rest_is_kept(sam, scene):
    page = sam.get(INDEX)
    mine = field(scene, page)
    hers = field(scene, page, price_list=scene.provider.price_list_id)

    answer = sam.post(EDIT, fields(page) | {mine: "cheap", hers: "190"})

    assert answer.status_code == 422
    assert "Write an amount, such as 170 or 170.50." in text(answer)
    assert fields(answer)[mine] == "cheap"
    assert 'aria-invalid="true"' in answer.content.decode()
    assert [edit["amount"] for edit in PriceChange.objects.get().edits] == ["190.00"]


def test_a_script_gets_the_draft_and_the_cells_typed_into(sam, scene):
    page = sam.get(INDEX)

    answer = sam.post(EDIT, fields(page) | {field(scene, page): "175"}, headers=HTMX)

    part = answer.content.decode()
    assert answer.status_code == 200
    assert part.lstrip().startswith('<section class="panel stack" id="draft"')
    assert f'id="cell-o{scene.option.pk}-l0-p0" hx-swap-oob="true"' in part
    assert list(fields(answer).values()) == ["175"]


def test_an_emptied_field_of_what_is_inherited_is_filled_again(sam, scene):
    page = sam.get(INDEX)
    hers = field(scene, page, price_list=scene.provider.price_list_id)

    answer = sam.post(EDIT, fields(page) | {hers: ""}, headers=HTMX)

    assert fields(answer) == {hers: "170"}
    assert not PriceChange.objects.exists()


@pytest.mark.parametrize("digits", ["9" * 19, "9" * 900])
def test_what_no_page_of_ours_sends_is_left_aside(sam, scene, digits):
    option = scene.option.pk
    names = (f"o{option}-l0-p0:{digits}", f"o{digits}-l0-p0:0", f"o{option}-l0-p0:1.{digits}")

    for name in names:
        assert sam.post(EDIT, {name: "180"}).status_code == 303
        assert sam.post(reverse("prices:settle"), {"cell": name, "mine": ""}).status_code == 303
    assert sam.post(PUBLISH, {"draft": digits}).status_code == 303

    assert not PriceChange.objects.exists()


def test_a_field_of_something_unknown_is_not_taken(sam, scene):
    sam.post(EDIT, {"o999-l0-p0:0": "150", "o1-l999-p0:0": "150", "csrf": "1", "x": "y"})

    assert not PriceChange.objects.exclude(edits=[]).exists()


# Many at once


def bulk(browser: Browser, scene: Scene, **asked: object):
    return browser.post(
        BULK,
        {
            "offers": [f"o{scene.option.pk}"],
            "columns": ["l0-p0"],
            "how": "percent",
            "by": "5",
            "step": "5",
        }
        | asked,
    )


@pytest.mark.parametrize(
    ("asked", "amount"),
    [
        ({}, "180.00"),
        ({"step": "0"}, "178.50"),
        ({"how": "amount", "by": "-12", "step": "1"}, "158.00"),
        ({"how": "set", "by": "165.5"}, "165.50"),
    ],
)
def test_many_prices_change_by_percent_by_an_amount_or_to_one(sam, scene, asked, amount):
    bulk(sam, scene, **asked)

    (edit,) = PriceChange.objects.get().edits
    assert Decimal(edit["amount"]) == Decimal(amount)


def test_what_is_inherited_changes_only_where_that_is_asked_for(sam, scene):
    hers = f"l{scene.provider.price_list_id}-p0"
    bulk(sam, scene, columns=["l0-p0", hers])
    assert len(PriceChange.objects.get().edits) == 1

    bulk(sam, scene, columns=[hers], inherited="on")

    edits = PriceChange.objects.get().edits
    assert [(edit["cell"], edit["amount"]) for edit in edits] == [
        (f"o{scene.option.pk}-l0-p0", "180"),
        (f"o{scene.option.pk}-{hers}", "180"),
    ]


def test_many_prices_of_their_own_are_inherited_again(sam, scene):
    hers = f"l{own_price(scene)}-p0"
    place = f"l0-p{scene.location.pk}"
    bulk(sam, scene, columns=["l0-p0", place], how="set", by="180", inherited="on")

    bulk(sam, scene, columns=["every"], how="inherit", by="")

    edits = PriceChange.objects.get().edits
    assert {edit["cell"]: edit["amount"] for edit in edits} == {
        f"o{scene.option.pk}-l0-p0": "180.00",
        f"o{scene.option.pk}-{hers}": None,
    }


def test_a_bulk_change_without_a_number_comes_back(sam, scene):
    answer = bulk(sam, scene, by="", offers=[])

    assert answer.status_code == 422
    assert {"Say by how much.", "Choose what is to change."} <= set(
        re.findall(r"Say by how much\.|Choose what is to change\.", text(answer))
    )


# What it does


def test_the_preview_counts_promises_and_estimates_a_month(sam, scene):
    def visit(**asked):
        booked(location=scene.location, provider=scene.provider, option=scene.option, **asked)

    for days in (2, 40, 80):
        visit(starts_at=NOW - timedelta(days=days), status=Status.COMPLETED)
    visit(starts_at=NOW + timedelta(days=10))
    visit(starts_at=NOW + timedelta(days=40), reference="K7P-2QX")
    visit(
        starts_at=NOW + timedelta(days=41),
        status=Status.HELD,
        held_until=NOW + timedelta(minutes=5),
    )
    type_in(sam, scene, "176")
    sam.post(START, {"effective_from": str(APRIL), "reason": "The rent"})

    words = text(sam.get(INDEX))

    assert "2 booked sessions keep their price , also from April 1 on." in words
    assert "1 of them is being booked just now." in words
    assert "+$6 a month, about" in words  # three of them, 6 more each, in 90 days
    assert "In the last 90 days 3 of these were sold." in words
    listed = text(sam.get(reverse("prices:promised")))
    assert "2 sessions" in listed
    assert "K7P-2QX" in listed


def test_everything_in_the_table_is_one_tick(sam, scene):
    bulk(sam, scene, offers=["every"], columns=["every"])

    priced = Price.objects.filter(price_list=None, location=None, withdrawn_at=None)
    changed = {edit["cell"] for edit in PriceChange.objects.get().edits}
    assert {f"o{pk}-l0-p0" for pk in priced.values_list("option", flat=True) if pk} <= changed


def test_the_draft_says_which_price_scheduled_before_takes_over(sam, scene):
    type_in(sam, scene, "175")
    publish(sam, day=date(2030, 6, 1))
    type_in(sam, scene, "180")

    sam.post(START, {"effective_from": str(APRIL), "reason": "The rent"})
    assert "From June 1 on $175 counts, as scheduled before." in text(sam.get(INDEX))

    sam.post(START, {"effective_from": "2030-06-02", "reason": "The rent"})
    assert "as scheduled before" not in text(sam.get(INDEX))


def test_a_draft_starts_tomorrow_unless_a_day_is_chosen(sam, scene, monkeypatch):
    """In New York and Los Angeles, where it is still February, tomorrow is March 2."""
    LocationFactory(time_zone="America/Los_Angeles")
    monkeypatch.setattr(clock, "now", lambda: NOW.replace(hour=7, minute=30))
    type_in(sam, scene, "175")

    page = sam.get(INDEX)
    assert 'value="2030-03-02" min="2030-03-01"' in page.content.decode()
    assert "Schedule for March 2" in text(page)
    assert "You can undo this until the day it starts." in text(page)

    sam.post(START, {"effective_from": "2030-03-01", "reason": "The rent"})
    assert "It counts at once, so it cannot be undone" in text(sam.get(INDEX))

    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=3))  # that day has passed
    assert "Schedule for March 5" in text(sam.get(INDEX))


def test_the_day_and_the_reason_are_kept_and_show_what_they_do(sam, scene):
    type_in(sam, scene, "175")

    answer = sam.post(START, {"effective_from": str(APRIL), "reason": "The"}, headers=HTMX)

    assert "Schedule for April 1" in text(answer)
    draft = PriceChange.objects.get()
    assert (draft.effective_from, draft.reason) == (APRIL, "The")
    past = sam.post(START, {"effective_from": "2030-02-28", "reason": ""}, headers=HTMX)
    assert past.status_code == 422


def test_what_was_typed_in_another_window_is_counted_as_well(sam, scene):
    type_in(sam, scene, "175")
    type_in(sam, scene, "190", location=scene.location.pk)  # while the first window stays open

    answer = sam.post(START, {"effective_from": str(APRIL), "reason": "The"}, headers=HTMX)

    assert '<h2 id="draft-title" hx-swap-oob="true">2 changes</h2>' in answer.content.decode()


# Publishing


def test_a_draft_is_published_and_shown_beside_todays_price(sam, scene):
    type_in(sam, scene, "175")

    done = publish(sam)

    change = PriceChange.objects.get()
    assert (done.status_code, done["Location"]) == (303, reverse("prices:change", args=[change.pk]))
    assert change.prices.get().amount == 175
    words = text(sam.get(INDEX))
    assert "$175 from Apr 1" in words
    assert "Starts Apr 1" in words
    assert "No changes yet" in words


def test_a_second_press_publishes_nothing_more(sam, scene):
    type_in(sam, scene, "175")
    page = sam.get(INDEX).content.decode()
    hidden = dict(re.findall(r'name="(draft|looked_at)" value="(\w+)"', page))
    sent = hidden | {"effective_from": str(APRIL), "reason": "The rent"}

    answers = [sam.post(PUBLISH, sent) for _press in range(2)]

    assert {answer["Location"] for answer in answers} == {
        reverse("prices:change", args=[hidden["draft"]])
    }
    assert Price.objects.filter(amount=175).count() == 1
    assert Entry.objects.filter(what="price.published").count() == 1


def test_who_waited_too_long_is_asked_to_press_once_more(sam, scene, monkeypatch):
    type_in(sam, scene, "175")
    monkeypatch.setattr(services.prices, "SETTLES", timedelta(0))

    answer = publish(sam)

    assert answer.status_code == 409
    assert "Please press once more." in text(answer)
    assert 'value="The rent"' in answer.content.decode()
    assert not Price.objects.filter(amount=175).exists()


@pytest.mark.parametrize(
    ("day", "why", "says"),
    [
        ("", "The rent", "Choose the day from which it counts."),
        ("2030-02-28", "The rent", "The first day from which prices can change is 03/01/2030."),
        (APRIL, "", "Say why, for whoever looks at it later."),
    ],
)
def test_without_a_day_or_a_reason_nothing_is_published(sam, scene, day, why, says):
    type_in(sam, scene, "175")

    answer = publish(sam, day=day, why=why)

    assert answer.status_code == 422
    assert says in text(answer)
    assert Price.objects.count() == 1


def test_what_is_out_of_the_band_is_said_and_not_published(sam, scene):
    type_in(sam, scene, "250")

    answer = publish(sam)

    assert answer.status_code == 409
    assert "$250 is outside the price band, $100 to $200." in text(answer)
    assert Price.objects.count() == 1


def test_the_second_admin_is_told_what_changed_and_settles_it(sam, scene, sign_in):
    rita = sign_in("Rita Holm")
    type_in(rita, scene, "160")
    type_in(sam, scene, "175")
    publish(sam)

    answer = publish(rita)

    assert answer.status_code == 409
    assert "Nothing you typed is lost" in text(answer)
    assert "Sam Whitlock changed $170 to $175 from April 1" in text(answer)
    assert "160" in fields(answer).values()
    (cell,) = re.findall(r'name="cell" value="([^"]+)"', answer.content.decode())
    rita.post(reverse("prices:settle"), {"cell": cell, "mine": "1"})
    assert publish(rita, why="As before").status_code == 303
    assert Price.objects.latest("pk").amount == 160


def test_somebody_elses_price_is_kept_instead(sam, scene, sign_in):
    rita = sign_in("Rita Holm")
    type_in(rita, scene, "160")
    type_in(sam, scene, "175")
    publish(sam)
    page = rita.get(INDEX)
    (cell,) = re.findall(r'name="cell" value="([^"]+)"', page.content.decode())

    rita.post(reverse("prices:settle"), {"cell": cell, "theirs": "1"})

    assert "No changes yet" in text(rita.get(INDEX))


def test_a_page_left_open_overwrites_nothing_it_did_not_type(sam, scene, sign_in):
    rita = sign_in("Rita Holm")
    page = rita.get(INDEX)
    type_in(sam, scene, "175")
    publish(sam, day="2030-03-01")

    rita.post(EDIT, fields(page))

    assert not PriceChange.objects.filter(published_at=None).exists()


# Taking back


def test_a_change_is_undone_before_it_starts(sam, scene):
    type_in(sam, scene, "175")
    publish(sam)
    change = PriceChange.objects.get()

    sam.post(reverse("prices:undo", args=[change.pk]))

    assert "from Apr 1" not in text(sam.get(INDEX))
    words = text(sam.get(reverse("prices:change", args=[change.pk])))
    assert "Undone by Sam Whitlock" in words
    assert "undone Mar 1, 2030" in text(sam.get(reverse("prices:history")))


def test_what_has_begun_is_drafted_anew_in_one_press(sam, scene):
    type_in(sam, scene, "175")
    publish(sam, day="2030-03-01")
    page = reverse("prices:change", args=[PriceChange.objects.get().pk])

    sam.post(f"{page}undo/")
    refused = sam.get(page)
    sam.post(f"{page}again/")

    assert "This change has begun" in text(refused)
    assert "$175 $170" in text(sam.get(INDEX))


def test_a_discarded_draft_can_be_brought_back_by_its_author_alone(sam, scene, sign_in):
    type_in(sam, scene, "175")
    aside = sam.post(reverse("prices:discard"))["Location"]
    assert "No changes yet" in text(sam.get(INDEX))

    assert sign_in("Rita Holm").get(aside).status_code == 404
    sam.post(f"{aside}take-up/")

    assert "$170 $175" in text(sam.get(INDEX))


# History


def test_the_history_says_who_when_old_new_and_why(sam, scene, django_assert_max_num_queries):
    type_in(sam, scene, "175")
    publish(sam)
    for _number in range(30):
        PriceFactory()

    with django_assert_max_num_queries(18):
        words = text(sam.get(reverse("prices:history"), {"code": scene.treatment.code}))

    assert "$170 $175 Apr 1, 2030 Mar 1, 2030 Sam Whitlock The rent" in words
    assert "2 prices" in words
    file = sam.get(reverse("prices:history_file"), {"code": scene.treatment.code})
    assert file["Content-Type"] == "text/csv; charset=utf-8"
    assert len(file.getvalue().decode().splitlines()) == 3


# Files


def send(browser: Browser, body: str):
    file = SimpleUploadedFile("prices.csv", body.encode())
    return browser.post(reverse("prices:import"), {"file": file})


def test_a_file_is_looked_at_and_then_taken_into_the_draft(sam, scene):
    head = "code,minutes,price_list,location,price\n"
    body = f"{head}{scene.treatment.code},60,,,175\n"

    looked = send(sam, body)

    assert looked.status_code == 200
    assert "1 price would change" in text(looked)
    assert not PriceChange.objects.exists()
    sam.post(reverse("prices:import"), {"text": body, "take": "1"})
    assert [edit["amount"] for edit in PriceChange.objects.get().edits] == ["175.00"]
    assert Entry.objects.get(what="price.imported").facts == {"prices": 1}


def test_a_file_with_a_wrong_line_is_not_taken(sam, scene):
    head = "code,minutes,price_list,location,price\n"
    body = f"{head}{scene.treatment.code},60,,,175\nT99,60,,,175\n"

    looked = send(sam, body)
    sam.post(reverse("prices:import"), {"text": body, "take": "1"})

    assert looked.status_code == 422
    assert "3 code Nothing we offer has the code “T99”." in text(looked)
    assert not PriceChange.objects.exists()


def test_of_very_many_wrong_lines_the_first_hundred_are_listed(sam, scene):
    page = send(sam, "code,minutes,price_list,location,price\n" + "T99,60,,,175\n" * 120)

    found = page.content.decode()
    assert "120 lines cannot be taken" in found
    assert found.count("Nothing we offer has the code") == 100
    assert "Only the first 100 are listed." in found


def test_no_file_or_a_strange_one_says_so(sam, scene):
    assert "Choose a file." in text(sam.post(reverse("prices:import")))
    empty = text(send(sam, ""))
    assert "The submitted file is empty." in empty
    assert "Choose a file." not in empty
    assert escape("has to name these columns") in text(send(sam, "a,b\n1,2\n"))


def test_the_table_is_given_as_a_file_of_what_is_shown(sam, scene):
    LocationFactory(name="Elsewhere")
    type_in(sam, scene, "175")

    file = sam.get(reverse("prices:matrix_file"), {"place": scene.location.slug})

    assert "attachment; filename=" in file["Content-Disposition"]
    text = file.getvalue().decode()
    lines = text.splitlines()
    assert len(lines) == 3
    assert "Elsewhere" not in text
    assert ",170," in lines[1]
