import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from booking.models import Provider
from booking.selectors import extras_with, free_slots, next_free, offers, providers_for
from booking.wishes import Wish
from clinic.site.filters import Asked, price_steps
from clinic.web import clock
from tests.factories import (
    LONG_AGO,
    AddOnFactory,
    DeviceFactory,
    ExtraOpeningFactory,
    InstructionFactory,
    InstructionVersionFactory,
    LocationFactory,
    OpeningHoursFactory,
    OptionFactory,
    PriceFactory,
    PriceListFactory,
    ProviderFactory,
    RoomFactory,
    TimeOffFactory,
    TreatmentFactory,
    give_hours,
    open_clinic,
)
from treatments.models import InstructionKind, Treatment, Visibility

NOW = datetime(2030, 3, 1, 17, tzinfo=UTC)  # Friday noon in New York
TODAY = date(2030, 3, 1)


@pytest.fixture(autouse=True)
def on_a_friday(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def offer(provider: Provider, name: str, *lengths: tuple[int, int], **fields) -> Treatment:
    """Let `provider` give a treatment in `lengths` of (minutes, price)."""
    fields.setdefault("position", Treatment.objects.count())
    treatment = TreatmentFactory(name=name, **fields)
    for minutes, price in lengths:
        PriceFactory(option=OptionFactory(treatment=treatment, minutes=minutes), amount=price)
    provider.treatments.add(treatment)
    return treatment


@pytest.fixture
def clinic(db):
    """One aesthetician in one place, with four treatments."""
    scene = open_clinic(minutes=60, price=Decimal(165))
    Treatment.objects.filter(pk=scene.treatment.pk).update(name="Classic Face Tone")
    offer(scene.provider, "Bright Eyes", (15, 100), (30, 115), areas=["eyes"])
    offer(scene.provider, "Depuff and Drain", (45, 150), areas=["face", "eyes"])
    offer(scene.provider, "First talk", (20, 0), areas=[], is_consultation=True)
    return scene


def text_of(response) -> str:
    words = re.sub(r"<[^>]+>", " ", response.content.decode().replace("\N{NO-BREAK SPACE}", " "))
    return re.sub(r"\s+", " ", words)


def names_in(response) -> list[str]:
    return re.findall(r'class="cover"[^>]*>([^<]+)<', response.content.decode())


# The list


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Classic Face Tone", "Bright Eyes", "Depuff and Drain", "First talk"]),
        ("area=&price=", ["Classic Face Tone", "Bright Eyes", "Depuff and Drain", "First talk"]),
        ("area=eyes", ["Bright Eyes", "Depuff and Drain"]),
        ("minutes=60", ["Classic Face Tone"]),
        ("minutes=30&minutes=45", ["Bright Eyes", "Depuff and Drain"]),
        ("price=115", ["Bright Eyes", "First talk"]),
        ("price=114&minutes=30", []),
        ("area=eyes&minutes=45&price=150", ["Depuff and Drain"]),
    ],
)
def test_an_address_narrows_the_list(client, clinic, query, names):
    page = client.get(f"/treatments/?{query}")

    assert names_in(page) == names
    assert "We left out a filter" not in text_of(page)


def test_a_row_shows_only_the_lengths_that_are_as_asked_and_what_they_cost(client, clinic):
    page = client.get("/treatments/?area=eyes&minutes=30")

    assert "30 min from $115" in text_of(page)
    assert "15 or 30 min" not in text_of(page)
    assert "?minutes=30" in page.content.decode()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("area=moon&minutes=60", ["Classic Face Tone"]),
        ("minutes=ten&area=eyes", ["Bright Eyes", "Depuff and Drain"]),
        ("price=-3&area=eyes", ["Bright Eyes", "Depuff and Drain"]),
        ("price=1e9&area=eyes", ["Bright Eyes", "Depuff and Drain"]),
        ("area=%00&minutes=60", ["Classic Face Tone"]),
        (f"price={'9' * 5000}&minutes=60", ["Classic Face Tone"]),
    ],
)
def test_a_filter_we_do_not_have_is_left_out_and_told(client, clinic, query, names):
    page = client.get(f"/treatments/?{query}")

    assert page.status_code == 200
    assert names_in(page) == names
    assert "We left out a filter that we do not have." in text_of(page)


def test_parameters_of_others_change_nothing(client, clinic):
    page = client.get("/treatments/?utm_source=letter&minutes=60")

    assert names_in(page) == ["Classic Face Tone"]
    assert "We left out a filter" not in text_of(page)


def test_the_form_shows_what_the_address_asked(client, clinic):
    page = client.get("/treatments/?area=eyes&minutes=30&price=137").content.decode()

    assert re.search(r'name="area" value="eyes"[^>]*checked', page)
    assert re.search(r'name="minutes" value="30"[^>]*checked', page)
    assert '<option value="137" selected>Up to $137</option>' in page
    assert len(re.findall(r" checked", page)) == 2


def test_the_count_is_said_in_words_and_says_it_again_after_a_swap(client, clinic):
    page = client.get("/treatments/?area=eyes").content.decode()
    assert re.search(r'id="count" role="status">2 treatments<', page)

    swap = client.get("/treatments/?minutes=60", headers={"HX-Request": "true"})
    assert '<p id="count" hx-swap-oob="innerHTML">1 treatment</p>' in swap.content.decode()
    assert "<html" not in swap.content.decode()
    assert "HX-Request" in swap["Vary"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (
            "price=120&minutes=60",
            "No treatment is both $120 or less and 60 minutes long. "
            "The closest is Classic Face Tone, 60 min, from $165.",
        ),
        (
            "area=eyes&minutes=20&minutes=60",
            "No treatment is both 20 or 60 minutes long and for the eyes. "
            "The closest is Bright Eyes, 15 min, from $100.",
        ),
        (
            "area=eyes&minutes=45&price=90",
            "No treatment is $90 or less, 45 minutes long and for the eyes. "
            "The closest is Depuff and Drain, 45 min, from $150.",
        ),
    ],
)
def test_where_nothing_is_as_asked_the_closest_is_named(client, clinic, query, sentence):
    page = client.get(f"/treatments/?{query}")

    assert sentence in re.sub(r" See .*", "", text_of(page).split("0 treatments ")[1])


def test_the_price_steps_are_round_and_lie_between_what_is_offered(clinic):
    steps = price_steps(offers(locations=[clinic.location], now=NOW))

    assert sorted(steps) == [120, 130, 150]  # 100 to 165, free talks aside
    assert price_steps([]) == set()


def test_without_any_offer_the_page_says_whom_to_call(client, db):
    page = client.get("/treatments/")

    assert page.status_code == 200
    assert "Nothing can be booked online now" in text_of(page)


def test_nobody_is_closest_where_nothing_is_offered():
    assert Asked(area="eyes").closest([]) is None


def give_extra(provider: Provider) -> None:
    add_on = AddOnFactory()
    PriceFactory(option=None, add_on=add_on)
    provider.add_ons.add(add_on)


@pytest.mark.parametrize(("address", "queries"), [("/treatments/", 6), ("/treatments/first/", 21)])
def test_a_page_costs_the_same_for_two_treatments_as_for_twenty(
    client, clinic, django_assert_num_queries, address, queries
):
    first = offer(clinic.provider, "The first", (30, 100), (60, 170), slug="first")
    first.instructions.add(InstructionVersionFactory().instruction)
    give_extra(clinic.provider)
    with django_assert_num_queries(queries):
        assert client.get(address).status_code == 200

    other = open_clinic()
    for number in range(16):
        offer(clinic.provider, f"Tone {number}", (30, 100), (45, 120), (60, 170))
        first.instructions.add(InstructionVersionFactory().instruction)
        give_extra(clinic.provider)
        other.provider.treatments.add(first)
    with django_assert_num_queries(queries):
        assert client.get(address).status_code == 200


# What is never shown


@pytest.mark.parametrize("visibility", [Visibility.HIDDEN, Visibility.RETIRED])
def test_what_is_hidden_or_retired_is_nowhere(client, clinic, visibility):
    gone = offer(clinic.provider, "Event Glow", (60, 200), visibility=visibility)
    extra = AddOnFactory(name="LED finish", visibility=visibility)
    PriceFactory(option=None, add_on=extra)
    clinic.provider.add_ons.add(extra)

    assert client.get(f"/treatments/{gone.slug}/").status_code == 404
    for address in ("/", "/treatments/", clinic.treatment.get_absolute_url()):
        page = text_of(client.get(address))
        assert "Event Glow" not in page
        assert "LED finish" not in page


def test_what_nobody_gives_or_nobody_priced_is_left_out(client, clinic):
    given_by_nobody = PriceFactory().option.treatment
    without_a_price = OptionFactory().treatment
    clinic.provider.treatments.add(without_a_price)
    not_yet = offer(clinic.provider, "From next week", (30, 110))
    not_yet.options.get().prices.update(effective_from=TODAY + timedelta(days=7))

    for treatment in (given_by_nobody, without_a_price, not_yet):
        assert treatment.name not in text_of(client.get("/treatments/"))
        assert client.get(treatment.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("slug", ["no-such", "classic-face-tone-", "1", "x" * 300])
def test_an_unknown_treatment_is_not_found(client, clinic, slug):
    assert client.get(f"/treatments/{slug}/").status_code == 404


def test_pages_of_the_catalogue_are_only_for_reading(client, clinic):
    assert client.post("/treatments/").status_code == 405
    assert client.post(clinic.treatment.get_absolute_url()).status_code == 405


# Prices by person and place


@pytest.fixture
def two_places(db):
    """A lead and a colleague at one place, somebody else at a cheaper one in another zone."""
    scene = open_clinic("America/Los_Angeles", providers=2, price=Decimal(170))
    lead = scene.provider
    lead.price_list = PriceListFactory()
    lead.save()
    PriceFactory(option=scene.option, price_list=lead.price_list, amount=185)
    harbor = LocationFactory(name="Harbor Row", time_zone="America/New_York", position=9)
    for day in range(7):
        OpeningHoursFactory(location=harbor, weekday=day)
    give_hours(ProviderFactory(name="Ruth Calloway", treatments=[scene.treatment]), harbor)
    RoomFactory(location=harbor)
    DeviceFactory(location=harbor)
    PriceFactory(option=scene.option, location=harbor, amount=165)
    return scene, harbor


def test_each_person_at_each_place_has_the_price_they_ask_there(two_places):
    scene, harbor = two_places
    (offered,) = offers(locations=[scene.location, harbor], now=NOW)
    (length,) = offered.lengths

    assert [(q.location.name, q.provider.name, q.amount) for q in length.quotes] == [
        (scene.location.name, scene.providers[0].name, 185),
        (scene.location.name, scene.providers[1].name, 170),
        ("Harbor Row", "Ruth Calloway", 165),
    ]
    assert (offered.low, length.low, length.high) == (165, 165, 185)
    assert length.locations == offered.locations == [scene.location, harbor]


def test_the_people_with_a_price_are_those_who_can_be_chosen(two_places):
    scene, harbor = two_places
    ExtraOpeningFactory(provider=scene.providers[1], location=harbor)
    ProviderFactory(name="No hours", treatments=[scene.treatment])
    give_hours(ProviderFactory(name="No skill"), harbor)
    give_hours(ProviderFactory(treatments=[scene.treatment], is_active=False), harbor)

    (offered,) = offers(locations=[scene.location, harbor], now=NOW)
    for location in (scene.location, harbor):
        quoted = [q.provider for q in offered.lengths[0].quotes if q.location == location]
        assert quoted == providers_for(Wish(option=scene.option, location=location))


def test_only_what_was_published_and_is_in_force_today_counts(two_places):
    scene, harbor = two_places
    PriceFactory(option=scene.option, amount=120, published_at=NOW + timedelta(minutes=1))
    PriceFactory(option=scene.option, amount=130, effective_from=TODAY + timedelta(days=1))
    PriceFactory(option=scene.option, amount=175, effective_from=TODAY, published_at=LONG_AGO)

    (offered,) = offers(locations=[scene.location, harbor], now=NOW)
    assert [quote.amount for quote in offered.lengths[0].quotes] == [185, 175, 165]


def test_today_is_the_day_on_the_wall_of_each_place(two_places):
    scene, harbor = two_places
    late = datetime(2030, 3, 2, 6, tzinfo=UTC)  # 10 pm on the 1st in Portland, 1 am in Maine
    PriceFactory(option=scene.option, amount=175, effective_from=date(2030, 3, 2))
    PriceFactory(option=scene.option, location=harbor, amount=160, effective_from=date(2030, 3, 2))

    (offered,) = offers(locations=[scene.location, harbor], now=late)
    assert [quote.amount for quote in offered.lengths[0].quotes] == [185, 170, 160]


def test_the_page_has_a_table_for_each_place_and_a_column_for_each_length(client, two_places):
    scene, _harbor = two_places
    longer = OptionFactory(treatment=scene.treatment, minutes=45)
    PriceFactory(option=longer, location=scene.location, amount=145)

    page = text_of(client.get(scene.treatment.get_absolute_url()))
    assert f"{scene.location.name} Aesthetician 45 min 60 min" in page
    assert re.search(rf"{scene.providers[0].name} Aesthetician \$145 \$185", page)
    assert re.search(rf"{scene.providers[1].name} Aesthetician \$145 \$170", page)
    assert re.search(r"Ruth Calloway Aesthetician not offered \$165", page)


# Extras


def test_extras_are_those_that_go_with_it_and_that_somebody_gives(clinic):
    good, other, alien, unpriced = AddOnFactory.create_batch(4)
    alien.not_with.add(clinic.treatment)
    for add_on, amount in ((good, 30), (other, 45), (alien, 20)):
        PriceFactory(option=None, add_on=add_on, amount=amount)
    PriceFactory(option=None, add_on=good, location=clinic.location, amount=25)
    clinic.provider.add_ons.add(good, alien, unpriced)
    ProviderFactory(add_ons=[other], treatments=[clinic.treatment])  # works nowhere

    (offered,) = offers(locations=[clinic.location], now=NOW, slug=clinic.treatment.slug)
    assert [(extra.add_on, extra.low) for extra in extras_with(offered, now=NOW)] == [(good, 25)]


# Texts


def test_the_page_tells_what_to_do_before_and_after_in_one_timeline_each(client, clinic):
    drafted = InstructionFactory(kind=InstructionKind.PREP)
    general = InstructionFactory(kind=InstructionKind.PREP)
    special = InstructionFactory(kind=InstructionKind.PREP, position=1)
    after = InstructionFactory(kind=InstructionKind.AFTERCARE)
    for text, steps in (
        (general, [("3 days before", "Pause retinol."), ("The same day", "No makeup.")]),
        (special, [("The same day", "An open collar."), ("The same day", "No makeup.")]),
        (after, [("Today", "Lukewarm water.")]),
    ):
        InstructionVersionFactory(
            instruction=text, steps=[{"when": when, "do": do} for when, do in steps]
        )
    InstructionVersionFactory(
        instruction=drafted, approved_by=None, steps=[{"when": "Never", "do": "A draft."}]
    )
    clinic.treatment.instructions.set([drafted, general, special, after])

    page = text_of(client.get(clinic.treatment.get_absolute_url()))
    before = "3 days before Pause retinol. The same day No makeup. An open collar."
    assert re.search(rf"Before you come {re.escape(before)} Afterwards Today Lukewarm", page)
    assert "A draft." not in page


# The next free times


def test_the_next_free_times_are_those_of_free_slots_one_for_each_day(clinic):
    free = free_slots(
        wish=Wish(option=clinic.option, location=clinic.location),
        first_on=TODAY,
        last_on=TODAY + timedelta(days=14),
        now=NOW,
    )
    shown = next_free(option=clinic.option, location=clinic.location, now=NOW, count=3)

    days = [TODAY + timedelta(days=n) for n in (1, 2, 3)]
    assert [slot.starts_at.timestamp() for slot in shown] == [free.starts_on(d)[0] for d in days]
    assert shown[0].starts_at.timestamp() == free.first()
    assert [slot.price.total for slot in shown] == [165, 165, 165]


def test_each_next_free_time_leads_to_the_times_of_its_day(client, two_places):
    scene, harbor = two_places
    page = client.get(scene.treatment.get_absolute_url(), {"location": harbor.slug})

    assert "Tomorrow, 12:00 pm with Ruth" in text_of(page)  # 24 h after Friday noon, on the wall
    path = f"/book/{scene.treatment.slug}/60/"
    hrefs = re.findall(r'href="([^"]+)"', page.content.decode())
    assert f"{path}?location={harbor.slug}&amp;day=2030-03-02" in hrefs
    assert f"{path}?location={harbor.slug}" in hrefs


def test_the_finder_of_the_front_page_leads_to_the_times_of_what_was_chosen(client, two_places):
    scene, harbor = two_places
    front = client.get("/").content.decode()
    (action,) = re.findall(r'class="finder" action="([^"]+)"', front)

    answer = client.get(action, {"treatment": scene.treatment.slug, "location": harbor.slug})
    assert answer.status_code == 302
    assert answer["Location"] == f"/book/{scene.treatment.slug}/60/?location={harbor.slug}"


def test_the_finder_says_where_a_treatment_is_given_if_not_here(client, two_places):
    scene, harbor = two_places
    only_here = offer(scene.provider, "Sculpt Hour", (60, 195))

    answer = client.get("/first-free/", {"treatment": only_here.slug, "location": harbor.slug})
    assert f"We give Sculpt Hour at {scene.location.name}, not at Harbor Row." in text_of(answer)


def test_choosing_length_and_place_swaps_the_times_and_not_the_page(client, two_places):
    scene, harbor = two_places
    swap = client.get(
        scene.treatment.get_absolute_url(),
        {"location": harbor.slug, "minutes": "60"},
        headers={"HX-Request": "true"},
    )

    assert "with Ruth" in text_of(swap)
    assert "<html" not in swap.content.decode()
    assert 'id="dock" hx-swap-oob="innerHTML"' in swap.content.decode()


@pytest.mark.parametrize("query", ["minutes=61&location=moon", "minutes=%00", "location=%00"])
def test_an_unknown_length_or_place_falls_back_to_the_first(client, two_places, query):
    scene, _harbor = two_places
    page = client.get(f"{scene.treatment.get_absolute_url()}?{query}")

    assert page.status_code == 200
    assert f'value="{scene.location.slug}" checked' in page.content.decode()


def test_a_full_fortnight_says_where_later_times_are(client, clinic):
    TimeOffFactory(resource=clinic.provider, starts_at=NOW, ends_at=NOW + timedelta(days=20))

    page = text_of(client.get(clinic.treatment.get_absolute_url()))
    assert f"Nothing is free at {clinic.location.name} in the next two weeks" in page
    assert "See all times" in page


# The pages as documents

VOID = {"meta", "link", "img", "input", "br", "hr", "use", "path", "circle", "source"}


class Outline(HTMLParser):
    """Notes ids, headings, references and tags left open."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.references: list[str] = []
        self.levels: list[int] = []
        self.open: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if "id" in values:
            self.ids.append(values["id"])
        self.references += (values.get("aria-labelledby") or "").split()
        if re.fullmatch(r"h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if "style" in values or tag == "style" or (tag == "script" and "src" not in values):
            self.inline.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    "address", ["/treatments/", "/treatments/?price=1&minutes=60", "/treatments/first/"]
)
def test_the_pages_are_well_formed_documents(client, clinic, address):
    offer(clinic.provider, "The first", (30, 100), (60, 170), slug="first")
    page = Outline()
    page.feed(client.get(address).content.decode())

    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert set(page.references) <= set(page.ids)
    assert page.levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(page.levels))
    assert page.inline == []
