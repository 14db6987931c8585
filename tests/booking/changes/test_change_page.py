"""The page of a change: decided visit by visit, asked for and answered."""

from datetime import date

import pytest
from django.urls import reverse

from booking.models import (
    ScheduleChange,
    TimeOff,
    TouchedVisit,
    WorkingHours,
)
from booking.permissions import Role
from booking.services import changes
from tests.booking.changes.scenes import away, day_away, day_off, new, page, press, visit, week
from tests.booking.scenes import NOW, on
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]
State, Decision = ScheduleChange.State, TouchedVisit.Decision


class TestDeciding:
    def test_each_visit_has_a_proposal_and_the_press_says_how_many_are_told(
        self, desk, scene, dana
    ):
        visit(scene, name="Maya Ellison")
        visit(scene, hour=11, name="Max Stone")

        text = desk.get(page(day_off(scene, dana))).content.decode()

        assert ">ME</span>" in text
        assert "9:00\xa0am with Clara" in text
        assert "Clara is trained and free" in text
        assert "Decide 2, tell 2 clients" in text

    def test_all_are_decided_as_proposed_and_the_change_is_in_force(self, desk, scene, dana):
        bookings = [visit(scene, hour=hour) for hour in (9, 11)]
        change = day_off(scene, dana)
        rows = desk.get(page(change)).context["rows"]
        typed = {f"choice-{row.touched.pk}": str(row.choice) for row in rows}
        typed |= {f"version-{row.touched.pk}": "0" for row in rows}

        assert "2 visits are decided." in press(desk, "decide", change.pk, **typed)
        change.refresh_from_db()
        assert change.state == State.IN_FORCE
        for booking in bookings:
            booking.refresh_from_db()
            assert booking.provider == scene.providers[1]

    def test_what_belongs_to_no_place_is_told_on_the_clinics_clock(self, desk, scene, ada):
        """Noon in UTC is 7 in New York."""
        visit(scene)
        change = changes.propose(change=changes.retiring(offer=scene.treatment), user=ada, now=NOW)

        assert "7:00\xa0am" in desk.get(page(change)).content.decode()

    def test_one_is_decided_and_the_others_wait(self, desk, scene, dana):
        visit(scene)
        visit(scene, hour=11)
        change = day_off(scene, dana)
        first, second = change.visits.all()
        typed = {f"choice-{row.pk}": "cancel" for row in (first, second)}
        typed |= {f"version-{row.pk}": "0" for row in (first, second)}

        desk.post(reverse("staff:decide", args=[change.pk]), typed | {"only": second.pk})

        decided = dict(change.visits.values_list("pk", "decision"))
        assert decided == {first.pk: Decision.OPEN, second.pk: Decision.CANCELLED}

    def test_what_did_not_work_stays_with_its_sentence_and_the_rest_is_done(
        self, desk, scene, dana
    ):
        visit(scene)
        visit(scene, hour=11)
        change = day_off(scene, dana)
        first, second = change.visits.all()
        typed = {
            f"choice-{first.pk}": "20300304T1400Z-99999",
            f"version-{first.pk}": "7",
            f"choice-{second.pk}": "keep",
            f"version-{second.pk}": "0",
        }

        response = desk.post(reverse("staff:decide", args=[change.pk]), typed)

        assert response.status_code == 409
        text = response.content.decode()
        assert "has changed in the meantime" in text
        assert "Nothing was done for 1 visit" in text
        second.refresh_from_db()
        assert second.decision == Decision.KEPT

    def test_who_was_second_reads_who_has_decided_what(self, desk, scene, dana):
        visit(scene, name="Maya Ellison")
        change = day_off(scene, dana)
        touched = change.visits.get()
        changes.decide(
            touched=touched, choice=changes.Choice("keep"), version=0, user=dana, now=NOW
        )
        typed = {f"choice-{touched.pk}": "cancel", f"version-{touched.pk}": "0"}

        response = desk.post(
            reverse("staff:decide", args=[change.pk]), typed | {"only": touched.pk}
        )

        said = response.content.decode().partition('role="alert"')[2].partition("</ul>")[0]
        assert response.status_code == 409
        assert "Maya Ellison" in said
        assert "Dana has decided this already: the visit is kept." in said

    def test_somebody_picked_who_does_not_exist_is_no_surprise(self, desk, scene, dana):
        visit(scene)
        change = day_off(scene, dana)
        touched = change.visits.get()
        typed = {f"choice-{touched.pk}": "20300304T1400Z-99999", f"version-{touched.pk}": "0"}

        assert desk.post(reverse("staff:decide", args=[change.pk]), typed).status_code == 409
        assert change.visits.get().decision == Decision.OPEN

    def test_who_is_called_first_waits(self, desk, scene, dana):
        visit(scene)
        change = day_off(scene, dana)
        touched = change.visits.get()

        desk.post(
            reverse("staff:decide", args=[change.pk]),
            {f"choice-{touched.pk}": "call", f"version-{touched.pk}": "0"},
        )

        assert change.visits.get().decision == Decision.OPEN

    def test_a_pick_is_kept_when_the_browser_closes(self, desk, as_, scene, dana):
        visit(scene)
        change = day_off(scene, dana)
        touched = change.visits.get()

        answered = desk.post(
            reverse("staff:choose", args=[change.pk]),
            {f"choice-{touched.pk}": "keep"},
            headers={"HX-Request": "true"},
        )

        text = answered.content.decode()
        assert "Decide 1, tell nobody" in text
        assert f'id="why-{touched.pk}" hx-swap-oob="true"' in text
        other = as_(UserFactory(groups=[Role.FRONT_DESK], is_staff=True))
        later = other.get(page(change)).content.decode()
        assert '<option value="keep" selected>' in later
        assert "Picked by Dana" in later

    @pytest.mark.parametrize("pressed", ["one", "all", "choose"])
    def test_without_scripts_a_pick_stays_whatever_is_pressed_and_a_proposal_is_none(
        self, desk, scene, dana, pressed
    ):
        for hour in (9, 11, 13):
            visit(scene, hour=hour)
        change = day_off(scene, dana)
        rows = desk.get(page(change)).context["rows"]
        first, second, third = (row.touched.pk for row in rows)
        typed = {f"shown-{row.touched.pk}": str(row.choice) for row in rows}
        typed |= {f"choice-{row.touched.pk}": str(row.choice) for row in rows}
        typed |= {f"version-{row.touched.pk}": "0" for row in rows}
        typed |= {f"choice-{second}": "call"}
        verb = "choose" if pressed == "choose" else "decide"

        press(desk, verb, change.pk, **typed | ({"only": first} if pressed == "one" else {}))

        picked = dict(change.visits.filter(decision=Decision.OPEN).values_list("pk", "choice"))
        waiting = {"one": [second, third], "all": [second], "choose": [first, second, third]}
        assert picked == {pk: "call" if pk == second else "" for pk in waiting[pressed]}

    def test_a_decision_made_shows_who_made_it_and_when(self, desk, scene, dana):
        visit(scene)
        change = day_off(scene, dana)
        changes.decide(
            touched=change.visits.get(),
            choice=changes.Choice("keep"),
            version=0,
            user=dana,
            now=NOW,
        )

        text = desk.get(page(change)).content.decode()

        assert "Kept by exception" in text
        assert "Dana, " in text

    def test_a_kept_visit_says_so_on_its_own_page(self, desk, scene, dana):
        booking = visit(scene)
        change = day_off(scene, dana)
        changes.decide(
            touched=change.visits.get(),
            choice=changes.Choice("keep"),
            version=0,
            user=dana,
            now=NOW,
        )

        shown = desk.get(reverse("staff:visit", args=[booking.reference])).content.decode()

        assert "Kept by exception" in shown
        assert "Hana Mori is away" in shown

    def test_twenty_visits_cost_the_page_as_much_as_two(
        self, desk, scene, dana, django_assert_max_num_queries
    ):
        for hour in (9, 11):
            visit(scene, 5, hour)
        few = day_off(scene, dana, day=5)
        for day in (11, 12, 13, 14, 15):
            for hour in (9, 11, 13, 15):
                visit(scene, day, hour)
        draft = away(scene, on(scene, 10, 0), on(scene, 22, 0))
        many = changes.propose(change=draft, user=dana, now=NOW)

        for change, count in ((few, 2), (many, 20)):
            with django_assert_max_num_queries(36):
                response = desk.get(page(change))
            assert len(response.context["rows"]) == count

    def test_taken_back_from_its_page_it_is_out_of_the_diary(self, desk, scene, dana):
        change = day_off(scene, dana)

        assert "The diary is as it was before." in press(desk, "withdraw", change.pk)
        assert not TimeOff.objects.exists()


class TestAsking:
    def test_an_aesthetician_asks_and_an_admin_approves_seeing_whom_it_touches(
        self, as_, hana, admin, scene
    ):
        visit(scene, name="Maya Ellison")
        mine = as_(hana)
        form = mine.get(new("time_off"))
        assert "Ask for time off" in form.content.decode()
        asked = mine.post(new("time_off"), day_away(scene))
        assert "before an admin has answered" in asked.content.decode()
        mine.post(new("time_off"), day_away(scene, seen=asked.context["seen"]))
        change = ScheduleChange.objects.get()
        assert (change.state, change.asked_by) == (State.ASKED, hana)

        text = admin.get(page(change)).content.decode()
        assert "Maya Ellison" in text
        assert "Approve, decide 1 visit" in text
        admin.post(reverse("staff:answer", args=[change.pk]), {"approve": "", "answer": "Have fun"})

        change.refresh_from_db()
        assert change.state == State.PENDING
        shown = mine.get(reverse("staff:schedule_of", args=[scene.provider.pk])).content.decode()
        assert "Have fun" in shown

    def test_other_hours_are_asked_for_too(self, as_, hana, scene):
        typed = {
            "resource": scene.provider.pk,
            "location": scene.location.pk,
            "valid_from": "2030-03-04",
            **week("first", {0: ["09:00-12:00"]}),
        }

        assert "Ask for this" in as_(hana).get(new("hours")).content.decode()
        as_(hana).post(new("hours"), typed)

        assert ScheduleChange.objects.get().state == State.ASKED
        assert not WorkingHours.objects.filter(valid_from=date(2030, 3, 4)).exists()

    def test_the_list_costs_the_same_for_twenty_changes_as_for_two(
        self, desk, scene, dana, django_assert_max_num_queries
    ):
        for day in range(4, 24):
            day_off(scene, dana, day=day)
            if day in {5, 23}:
                with django_assert_max_num_queries(18):
                    desk.get(reverse("staff:changes"))

    def test_a_refusal_reaches_who_asked(self, as_, hana, admin, scene):
        mine = as_(hana)
        mine.post(new("time_off"), day_away(scene))
        change = ScheduleChange.objects.get()

        admin.post(
            reverse("staff:answer", args=[change.pk]), {"refuse": "", "answer": "Not in May"}
        )

        shown = mine.get(reverse("staff:changes")).content.decode()
        assert "Not in May" in shown
        assert "Not approved" in shown
        assert "touches no visits" not in mine.get(page(change)).content.decode()

    @pytest.mark.parametrize(
        ("typed", "said"), [(" ", "Please say why"), ("x" * 201, "at most 200 characters")]
    )
    def test_an_answer_that_will_not_do_is_said_beside_it(
        self, as_, hana, admin, scene, typed, said
    ):
        as_(hana).post(new("time_off"), day_away(scene))
        change = ScheduleChange.objects.get()

        response = admin.post(
            reverse("staff:answer", args=[change.pk]), {"refuse": "", "answer": typed}
        )

        assert response.status_code == 422
        assert said in response.content.decode()
        change.refresh_from_db()
        assert change.state == State.ASKED

    def test_nobody_asks_for_a_colleague_or_looks_at_theirs(self, as_, hana, scene, dana):
        mine, other = as_(hana), scene.providers[1]

        assert mine.post(new("time_off"), day_away(scene, resource=other.pk)).status_code == 422
        assert mine.get(reverse("staff:schedule_of", args=[other.pk])).status_code == 404
        theirs = changes.propose(
            change=away(scene, on(scene, 4, 0), on(scene, 5, 0), resource=other),
            user=dana,
            now=NOW,
        )
        assert mine.get(page(theirs)).status_code == 404

    def test_who_asked_takes_it_back_but_not_once_it_is_approved(self, as_, hana, ada, scene):
        mine = as_(hana)
        mine.post(new("time_off"), day_away(scene))
        change = ScheduleChange.objects.get()
        changes.approve(change=change, user=ada, now=NOW)

        assert mine.post(reverse("staff:withdraw", args=[change.pk])).status_code == 403

    def test_the_desk_sees_what_was_asked_but_does_not_answer(self, as_, hana, desk, scene):
        as_(hana).post(new("time_off"), day_away(scene))
        change = ScheduleChange.objects.get()

        text = desk.get(page(change)).content.decode()

        assert "Waits for approval" in text
        assert "Your answer" not in text
        assert desk.post(reverse("staff:answer", args=[change.pk])).status_code == 403

    def test_the_rail_counts_what_waits_for_each(self, as_, hana, desk, admin, scene, dana):
        as_(hana).post(new("time_off"), day_away(scene))
        visit(scene, 6)
        day_off(scene, dana, day=6)

        def count(browser) -> int:
            rail = browser.get(reverse("staff:changes")).context["rail"]
            return next(link.waiting for link in rail if link.place.icon == "calendar-week")

        assert [count(browser) for browser in (as_(hana), desk, admin)] == [0, 1, 2]
