"""The table of the price desk, and what is typed into it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from tests.booking.scenes import NOW
from tests.factories import (
    AddOnFactory,
    OptionFactory,
    PriceFactory,
    booked,
)
from tests.treatments.price_pages.desk import (
    EDIT,
    HTMX,
    INDEX,
    PUBLISH,
    field,
    fields,
    own_price,
    publish,
    text,
    type_in,
)
from treatments.models import PriceChange

pytestmark = pytest.mark.django_db


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
