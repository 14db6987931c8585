from datetime import timedelta
from uuid import uuid4

from booking.models import Booking, Draft, Status
from clinic.places.policies import Policy
from tests.booking.scenes import on
from tests.booking.views.browsing import at, text

SCRIPT = {"HX-Request": "true"}


def test_a_button_pressed_twice_keeps_one_time(visitor, scene):
    key = str(uuid4())

    first = visitor.press(on(scene, 4, 9), request_key=key)
    second = visitor.press(on(scene, 4, 9), request_key=key)

    assert first["Location"] == second["Location"]
    assert Booking.objects.count() == 1


def test_another_time_pressed_on_the_same_page_is_another_wish(visitor, scene):
    key = str(uuid4())
    visitor.press(on(scene, 4, 9), request_key=key)

    visitor.press(on(scene, 5, 9), request_key=key)

    assert Booking.objects.get(status=Status.HELD).starts_at == on(scene, 5, 9)


def test_more_time_is_had_three_minutes_at_a_press_up_to_ten_times(visitor, scene, wall_clock):
    booking = visitor.hold(on(scene, 4, 9))
    until = booking.held_until

    bar = text(visitor.browser.post(at("extend", booking), headers=SCRIPT))
    assert "I need more time" in bar
    assert "<html" not in bar
    booking.refresh_from_db()
    assert booking.held_until == until + timedelta(minutes=3)

    for _ in range(9):
        last = visitor.browser.post(at("extend", booking) + "?step=review", headers=SCRIPT)
    assert "is held for you until" in text(last)
    assert "I need more time" not in text(last)
    visitor.browser.post(at("extend", booking), headers=SCRIPT)
    booking.refresh_from_db()
    assert booking.held_until == until + timedelta(minutes=30)


def test_more_time_without_scripts_leads_back_to_the_step(visitor, scene):
    booking = visitor.hold(on(scene, 4, 9))

    response = visitor.browser.post(at("extend", booking) + "?step=review")

    assert (response.status_code, response["Location"]) == (303, at("review", booking))


def test_at_zero_every_page_says_that_the_time_was_let_go(visitor, scene, wall_clock):
    booking = visitor.hold(on(scene, 4, 9))
    visitor.fill_in(booking)
    wall_clock.wait(minutes=10)

    for response in (
        visitor.browser.get(at("details", booking)),
        visitor.browser.get(at("review", booking)),
        visitor.browser.get(at("bar", booking)),
        visitor.browser.post(at("extend", booking)),
        visitor.fill_in(booking),
        visitor.confirm(booking),
    ):
        assert (response.status_code, response["Location"]) == (303, at("expired", booking))
    part = visitor.browser.get(at("bar", booking), headers=SCRIPT)
    assert part["HX-Redirect"] == at("expired", booking)
    page = text(visitor.browser.get(at("expired", booking)))
    assert "We let 9:00 am go" in page
    assert "The same time is still free right now." in page
    assert not Booking.objects.filter(status=Status.CONFIRMED).exists()


def test_a_press_takes_the_time_again_and_what_was_typed_is_there(visitor, scene, wall_clock):
    lost = visitor.hold(on(scene, 4, 9))
    wall_clock.wait(minutes=11)
    visitor.fill_in(lost)

    response = visitor.browser.post(at("again", lost), {"request_key": str(uuid4())})

    assert response.status_code == 303
    held = Booking.objects.get(status=Status.HELD)
    assert held.starts_at == lost.starts_at
    assert 'value="Maya Ellison"' in text(visitor.browser.get(at("details", held)))


def test_what_was_typed_too_late_is_kept_as_far_as_it_was_right(visitor, scene, wall_clock):
    lost = visitor.hold(on(scene, 4, 9))
    wall_clock.wait(minutes=11)

    visitor.fill_in(lost, phone="503")

    draft = Draft.objects.get()
    assert (draft.name, draft.phone, draft.safety_confirmed_at) == ("Maya Ellison", "", None)


def test_a_time_that_went_to_somebody_else_is_not_had_again(visitor, other, scene, wall_clock):
    lost = visitor.hold(on(scene, 4, 9))
    wall_clock.wait(minutes=11)
    other.hold(on(scene, 4, 9))

    page = text(visitor.browser.get(at("expired", lost)))
    response = visitor.browser.post(at("again", lost), {"request_key": str(uuid4())})

    assert "The time is gone." in page
    assert page.count('name="slot"') == 3
    assert response.status_code == 409
    assert "9:00 am was just taken" in text(response)


def test_a_time_given_back_is_free_at_once(visitor, other, scene):
    booking = visitor.hold(on(scene, 4, 9))

    response = visitor.browser.post(at("release", booking))

    assert response.status_code == 303
    assert response["Location"].startswith(f"/book/{scene.treatment.slug}/60/")
    other.hold(on(scene, 4, 9))


def test_the_tenth_try_is_the_last_for_ten_minutes(visitor, other, scene):
    for _ in range(10):
        visitor.hold(on(scene, 4, 9))
    response = visitor.press(on(scene, 4, 9))

    assert response.status_code == 429
    assert "Wait ten minutes and try again" in text(response)
    part = visitor.browser.post(visitor.hold_url(), headers=SCRIPT)
    assert part.status_code == 429
    assert "<html" not in text(part)
    assert Booking.objects.filter(status=Status.HELD).count() == 1
    other.hold(on(scene, 5, 9))


def test_a_hold_lasts_as_long_as_the_policy_says(visitor, scene):
    page = text(visitor.browser.get(at("details", visitor.hold(on(scene, 4, 9)))))

    assert f'value="{Policy().hold_minutes * 60}"' in page
    assert "Monday, March 4 at 9:00 am is held for you until 7:10 am." in page
