"""What people who work here set for themselves."""

from django.urls import reverse

from tests.booking.views.browsing import Page, text

SETTINGS = reverse("staff:settings")


def test_shortcuts_are_off_until_switched_on(desk):
    page = text(desk.get(SETTINGS))
    assert "They are off." in page
    assert "<kbd>?</kbd>" in page  # the list is there without any script
    assert "shortcuts.js" not in page

    form = Page(page).form("shortcuts")
    desk.post(form["action"], form["fields"] | {"on": "1"})

    page = text(desk.get(SETTINGS))
    assert "They are on" in page
    assert "js/shortcuts.js" in page
    assert 'id="keys"' in page
    assert 'data-key="t"' in page


def test_they_are_switched_off_again(desk):
    desk.post(reverse("staff:shortcuts"), {"on": "1"})

    desk.post(reverse("staff:shortcuts"))

    assert "shortcuts.js" not in text(desk.get(SETTINGS))


def test_to_look_at_the_address_switches_nothing(desk):
    assert desk.get(reverse("staff:shortcuts"), {"on": "1"})["Location"].startswith(SETTINGS)
    assert "They are off." in text(desk.get(SETTINGS))


def test_the_page_leads_to_sign_in_and_calendars(desk):
    page = text(desk.get(SETTINGS))

    assert reverse("mfa_index") in page
    assert reverse("staff:calendars") in page
