"""An admin looks at the rules of the clinic and changes them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.permissions import Role
from clinic.places.errors import ChangedMeanwhile
from clinic.places.models import PolicyVersion
from clinic.places.policies import DEFAULTS, policy_for
from clinic.places.rules import rules
from clinic.places.selectors import rule_book
from clinic.places.services import publish_policy
from clinic.trail.models import Entry
from clinic.web import clock
from tests.factories import (
    LONG_AGO,
    MONDAY_9AM,
    LocationFactory,
    PolicyVersionFactory,
    UserFactory,
    booked,
)

NOW = MONDAY_9AM
POLICIES = reverse("places:policies")
CHANGE = reverse("places:change")
HISTORY = reverse("places:history")


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def admin(db) -> Browser:
    browser = Browser()
    browser.force_login(UserFactory(groups=[Role.ADMIN], is_staff=True, full_name="Sam Whitlock"))
    return browser


@pytest.fixture
def alder(db):
    return LocationFactory(name="Alder Street", slug="alder", position=0)


@pytest.fixture
def harbor(db):
    return LocationFactory(name="Harbor Row", slug="harbor", position=1)


def words(response) -> str:
    """What a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def typed(browser: Browser, page: str = CHANGE, **values: object) -> dict[str, object]:
    """What the form holds as it comes, and `values` typed over it."""
    form = browser.get(page).context["form"]
    held = {bound.name: bound.value() for bound in form}
    return {name: "" if value is None else value for name, value in (held | values).items()}


def of_alder() -> str:
    return reverse("places:change_place", args=["alder"])


def test_every_rule_is_explained_in_one_line():
    assert {rule.name for rule in rules()} == set(DEFAULTS)
    assert all(rule.says and len(str(rule.says)) < 90 for rule in rules())


def test_each_value_stands_beside_those_of_the_places_with_where_it_comes_from(
    admin, alder, harbor
):
    PolicyVersionFactory(values={"notice_hours_new": 36})
    PolicyVersionFactory(location=alder, values={"notice_hours_new": 48})

    page = words(admin.get(POLICIES))

    assert (
        "The clinic 36 hours decided here Alder Street 48 hours its own "
        "Harbor Row 36 hours the clinic’s"
    ) in page
    assert "12 hours the handbook’s" in page
    assert "Otherwise you can book as well, from 36 hours ahead" in page
    assert "We send reminders between 9 am and 8 pm by your clock." in page


def test_what_would_change_is_shown_and_nothing_holds_before_it_is_published(admin, harbor):
    PolicyVersionFactory(location=harbor, values={"free_until_hours": 72})

    response = admin.post(CHANGE, typed(admin, free_until_hours=48) | {"preview": "1"})

    page = words(response)
    assert "1 rule changes" in page
    assert "now: 24 hours then: 48 hours" in page
    assert "Harbor Row keeps 72 hours" in page
    assert "Clients will read Nothing to pay now. Free to change or cancel up to 48 hours" in page
    assert "What is booked already keeps its terms" in page
    assert policy_for(None, now=NOW).free_until_hours == 24


def test_published_it_holds_from_then_on_and_the_log_knows(admin):
    user = admin.session["_auth_user_id"]
    sent = typed(admin, free_until_hours=48, price_at_most="249.90", reason="Long weekends")

    response = admin.post(CHANGE, sent | {"publish": "1"}, follow=True)

    assert "It holds for what is booked from now on." in words(response)
    policy = policy_for(None, now=NOW)
    assert (policy.free_until_hours, str(policy.price_at_most)) == (48, "249.90")
    (version,) = PolicyVersion.objects.all()
    assert version.values == {"free_until_hours": 48, "price_at_most": "249.90"}
    entry = Entry.objects.get(what="policy.published")
    assert (entry.subject, str(entry.user_id)) == (f"policy_version:{version.pk}", user)
    assert entry.facts["changed"]["free_until_hours"] == [None, 48]
    assert "Long weekends" not in str(entry.facts)


def test_a_visit_booked_before_keeps_what_it_was_promised(admin):
    visit = booked()
    before = dict(visit.promise)

    admin.post(CHANGE, typed(admin, free_until_hours=48, reason="Why") | {"publish": "1"})

    visit.refresh_from_db()
    assert visit.promise == before


def test_it_is_not_published_without_a_reason(admin):
    response = admin.post(CHANGE, typed(admin, free_until_hours=48) | {"publish": "1"})

    assert response.status_code == 422
    assert "Say why, in a few words." in words(response)
    assert 'value="48"' in response.content.decode()
    assert not PolicyVersion.objects.exists()


@pytest.mark.parametrize(
    ("rule", "value", "sentence"),
    [
        ("hold_minutes", "0", "Enter a whole number from 1 to 240."),
        ("hold_minutes", "241", "Enter a whole number from 1 to 240."),
        ("hold_minutes", "five", "Enter a whole number from 1 to 240."),
        ("late_fee_percent", "101", "Enter a whole number from 0 to 100."),
        ("horizon_days", "731", "Enter a whole number from 1 to 730."),
        ("price_at_least", "-1", "Enter an amount from $0 to $100000, with cents at most."),
        ("price_at_least", "99.999", "Enter an amount from $0 to $100000, with cents at most."),
    ],
)
def test_a_value_out_of_bounds_is_said_beside_its_field(admin, rule, value, sentence):
    response = admin.post(CHANGE, typed(admin, **{rule: value}) | {"preview": "1"})

    assert response.status_code == 422
    assert response.context["form"].errors == {rule: [sentence]}
    assert f'value="{value}"' in response.content.decode()


@pytest.mark.parametrize(("rule", "hour"), [("messages_from_hour", 7), ("messages_until_hour", 22)])
def test_nobody_is_written_to_at_an_hour_at_which_that_is_against_the_law(admin, rule, hour):
    response = admin.post(CHANGE, typed(admin, **{rule: hour}) | {"preview": "1"})

    assert response.status_code == 422
    assert "Nobody may be written to before 8 am or after 9 pm." in words(response)


def test_the_hours_in_which_clients_are_written_to_are_chosen_and_said_to_them(admin, alder):
    sent = typed(admin, of_alder(), messages_from_hour=10) | {"reason": "Calm mornings"}

    page = words(admin.post(of_alder(), sent | {"preview": "1"}))
    admin.post(of_alder(), sent | {"publish": "1"})

    assert "now: 9 am then: 10 am" in page
    assert "Clients will read We send reminders between 10 am and 8 pm by your clock." in page
    assert policy_for(alder, now=NOW).messages_from_hour == 10


@pytest.mark.parametrize("pressed", ["preview", "publish"])
def test_hours_that_end_before_they_begin_are_refused_in_a_sentence(admin, pressed):
    hours = {"messages_from_hour": 15, "messages_until_hour": 15, "reason": "Fewer"}

    response = admin.post(CHANGE, typed(admin, **hours) | {pressed: "1"})

    assert response.status_code == 422
    assert response.context["form"].errors == {
        "messages_until_hour": ["The hours in which messages go end before they begin."]
    }


@pytest.mark.parametrize("pressed", ["preview", "publish"])
def test_a_value_that_makes_no_sense_at_a_place_is_refused_with_its_name(admin, harbor, pressed):
    PolicyVersionFactory(location=harbor, values={"price_at_most": 150})
    sent = typed(admin, price_at_least="160", reason="Costs") | {pressed: "1"}

    response = admin.post(CHANGE, sent)

    assert response.status_code == 422
    assert response.context["form"].errors == {
        "price_at_most": ["At Harbor Row: The price band ends below its beginning."]
    }
    assert policy_for(None, now=NOW).price_at_least == 100


def test_a_place_decides_for_itself_and_follows_the_clinic_again(admin, alder):
    sent = typed(admin, of_alder(), time_off_needs_approval="False", moves_at_most=5)
    admin.post(of_alder(), sent | {"reason": "A small team", "publish": "1"})

    policy = policy_for(alder, now=NOW)
    assert (policy.time_off_needs_approval, policy.moves_at_most) == (False, 5)
    assert policy_for(None, now=NOW).time_off_needs_approval is True

    sent = typed(admin, of_alder(), moves_at_most="", reason="As everywhere")
    preview = admin.post(of_alder(), sent | {"preview": "1"})
    assert "follows the clinic again" in words(preview)
    admin.post(of_alder(), sent | {"publish": "1"})

    policy = policy_for(alder, now=NOW)
    assert (policy.time_off_needs_approval, policy.moves_at_most) == (False, 2)


def test_who_publishes_second_is_told_what_changed_and_loses_nothing(admin):
    sent = typed(admin, free_until_hours=48, reason="Long weekends") | {"publish": "1"}
    PolicyVersionFactory(
        values={"hold_minutes": 7},
        reason="Shorter",
        published_by=UserFactory(full_name="Imani Cole"),
    )

    response = admin.post(CHANGE, sent)

    page = words(response)
    assert response.status_code == 409
    assert "Somebody published meanwhile" in page
    assert "“Shorter”, Imani Cole" in page
    assert "since then: 7 minutes" in page
    form = response.context["form"]
    assert form["free_until_hours"].value() == 48
    assert form["hold_minutes"].value() == 7
    assert form["reason"].value() == "Long weekends"

    again = {bound.name: "" if bound.value() is None else bound.value() for bound in form}
    admin.post(CHANGE, again | {"publish": "1"})

    policy = policy_for(None, now=NOW)
    assert (policy.free_until_hours, policy.hold_minutes) == (48, 7)
    assert PolicyVersion.objects.latest("pk").values == {"free_until_hours": 48}


def test_who_pressed_first_and_came_second_is_told_what_changed(db):
    PolicyVersionFactory(values={"hold_minutes": 7}, published_at=NOW + timedelta(seconds=1))

    with pytest.raises(ChangedMeanwhile):
        publish_policy(
            user=UserFactory(),
            location=None,
            changes={"hold_minutes": 9},
            reason="Longer",
            seen=0,
            now=NOW,
        )

    assert policy_for(None, now=NOW + timedelta(seconds=1)).hold_minutes == 7


def test_what_changes_nothing_is_not_published(admin):
    response = admin.post(CHANGE, typed(admin, reason="Just so") | {"publish": "1"})

    assert response.status_code == 422
    assert "What you typed is what holds." in words(response)
    assert not PolicyVersion.objects.exists()


def test_history_says_who_when_what_and_why(admin, alder):
    user = UserFactory(full_name="Imani Cole")
    PolicyVersionFactory(values={"hold_minutes": 5}, reason="First", published_by=user)
    PolicyVersionFactory(
        values={"hold_minutes": 7},
        reason="Too short",
        published_by=user,
        published_at=LONG_AGO + timedelta(days=1),
    )
    PolicyVersionFactory(location=alder, values={"hold_minutes": 9}, reason="Slow hands")

    page = words(admin.get(HISTORY))

    assert "“Too short”, Imani Cole Kept for before: 5 minutes since then: 7 minutes" in page
    assert "Alder Street “Slow hands”" in page
    assert "before: not decided here since then: 9 minutes" in page


def test_going_back_publishes_the_earlier_rules_anew(admin):
    first = PolicyVersionFactory(values={"hold_minutes": 5})
    PolicyVersionFactory(values={"hold_minutes": 7, "horizon_days": 30})
    page = f"{CHANGE}?as_of={first.pk}"

    shown = words(admin.get(page))
    assert "2 rules change" in shown
    assert "now: 7 minutes then: 5 minutes" in shown
    assert "follows the handbook again" in shown
    assert PolicyVersion.objects.count() == 2

    admin.post(CHANGE, typed(admin, page) | {"publish": "1"})

    policy = policy_for(None, now=NOW)
    assert (policy.hold_minutes, policy.horizon_days) == (5, 60)
    assert PolicyVersion.objects.count() == 3
    assert PolicyVersion.objects.latest("pk").reason.startswith("Back to the rules of")


def test_a_version_of_another_place_or_none_is_nowhere(admin, alder):
    version = PolicyVersionFactory(location=alder, values={"hold_minutes": 5})

    assert admin.get(f"{CHANGE}?as_of={version.pk}").status_code == 404
    assert admin.get(f"{CHANGE}?as_of=x").status_code == 404
    assert admin.get(reverse("places:change_place", args=["nowhere"])).status_code == 404


def test_the_book_agrees_with_what_is_in_force(alder, harbor):
    PolicyVersionFactory(values={"hold_minutes": 5, "price_at_least": "90"})
    PolicyVersionFactory(location=alder, values={"hold_minutes": 6, "price_at_most": "150.50"})
    PolicyVersionFactory(location=alder, values={"hold_minutes": None})

    book = rule_book(now=NOW)

    for owner in (None, alder, harbor):
        assert book.policy(owner) == policy_for(owner, now=NOW)
        standing = book.standing(owner)
        assert {name: each.value for name, each in standing.items()} == vars(book.policy(owner))


def test_the_pages_cost_the_same_however_many_versions(
    admin, alder, harbor, django_assert_max_num_queries
):
    PolicyVersionFactory.create_batch(40, values={"hold_minutes": 5}, published_by=UserFactory())

    for page in (POLICIES, CHANGE, of_alder(), HISTORY):
        with django_assert_max_num_queries(12):
            assert admin.get(page).status_code == 200
