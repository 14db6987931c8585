"""For who runs it: the command, the gauges, the alarm, the admin."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.urls import reverse
from prometheus_client.parser import text_string_to_metric_families

from clinic.messaging import services, tasks
from clinic.messaging.models import Message, Suppression
from clinic.messaging.selectors import Gauges
from clinic.messaging.services import watch
from tests.messaging.scene import NOW, planned

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("parcels", "wall_clock")]


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    monkeypatch.setattr(watch, "_quiet_until", 0.0)
    cache.delete(watch.KEY)
    yield
    cache.delete(watch.KEY)


def run(*words: str) -> str:
    out = StringIO()
    call_command("messages", *words, stdout=out, stderr=out, no_color=True)
    return out.getvalue()


def refuses(*words: str) -> str:
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("messages", *words, stdout=out, stderr=out, no_color=True)
    return f"{out.getvalue()}{error.value}"


@pytest.fixture
def failed(sink, clock) -> Message:
    message = planned()
    sink.on_recipient = ["550 no such person"]
    services.send_due_messages(clock=clock)
    return message


# The command


def test_it_shows_what_is_due(clock):
    message = planned()
    planned(2, due_at=NOW + timedelta(hours=1))
    head, row = run().splitlines()
    assert head.split()[:4] == ["id", "due", "(UTC)", "code"]
    assert row.split() == [
        str(message.pk), "2030-03-04", "09:00", "M01", "email", "parcel:1", "client", "0",
    ]  # fmt: skip


def test_it_says_how_many_more_there_are(clock):
    for number in range(3):
        planned(number)
    assert run("due", "--limit", "2").splitlines()[-1] == "... and 1 more."


def test_late_messages_make_it_fail(clock):
    planned()
    assert run("late") == "None.\n"
    clock.move(minutes=5)
    assert "parcel:1" in refuses("late")


def test_it_shows_what_failed_and_why(failed):
    assert "550 no such person" in run("failed")


def test_it_counts_codes(failed):
    assert run("codes").splitlines()[1].split() == ["M01", "email", "0", "0", "0", "0", "1"]


def test_it_tries_failed_messages_again_and_names_those_it_cannot(failed, sink, clock):
    other = planned(2, due_at=NOW + timedelta(hours=1))
    said = refuses("--retry", str(failed.pk), str(other.pk), "999")
    assert f"{failed.pk} is tried again." in said
    assert f"{other.pk}: Only a message that failed" in said
    assert "999: There is no such message." in said
    assert "Refused: 2." in said
    assert services.send_due_messages(clock=clock) == 1


def test_it_withdraws_planned_messages_with_a_reason(clock):
    message = planned()
    assert "Say why" in refuses("--void", str(message.pk))
    assert f"{message.pk} is withdrawn." in run("--void", str(message.pk), "--reason", "a mistake")
    message.refresh_from_db()
    assert (message.status, message.reason) == ("void", "a mistake")


# The gauges


def test_monitoring_reads_every_gauge(client, settings, failed, clock):
    settings.METRICS_TOKEN = "let-me-in"
    planned(2)
    clock.move(seconds=90)
    answer = client.get("/metrics", headers={"Authorization": "Bearer let-me-in"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.content.decode())
    read = {family.name: family.samples[0].value for family in families}
    assert set(read) == {f"lumen_messages_{name}" for name in Gauges._fields}
    assert read["lumen_messages_oldest_due_seconds"] == 90
    assert read["lumen_messages_planned_due"] == 1
    assert read["lumen_messages_failed_last_day"] == 1


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer guess"}])
def test_who_does_not_know_the_token_reads_nothing(client, settings, header):
    settings.METRICS_TOKEN = "let-me-in"
    answer = client.get("/metrics", headers=header)
    assert (answer.status_code, answer.content) == (401, b"")


def test_without_a_token_only_developers_read_them(client, settings):
    assert client.get("/metrics").status_code == 404
    settings.DEBUG = True
    assert client.get("/metrics").status_code == 200


# The alarm


def test_a_message_that_is_five_minutes_late_is_in_the_log_once_a_minute(clock, caplog):
    planned()
    clock.move(minutes=5, seconds=-1)
    assert services.sound_alarm(now=clock()) == 0
    clock.move(minutes=2)
    for _ in range(3):
        assert services.sound_alarm(now=clock()) == 1
    [line] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "Late messages: 1, the oldest due 6 minutes ago" in line.getMessage()


def test_other_processes_do_not_repeat_the_alarm(clock, caplog, monkeypatch):
    planned()
    clock.move(minutes=6)
    services.sound_alarm(now=clock())
    monkeypatch.setattr(watch, "_quiet_until", 0.0)  # another process has not said it
    services.sound_alarm(now=clock())
    assert caplog.text.count("Late messages") == 1


def test_a_broken_cache_does_not_silence_the_alarm(clock, caplog, monkeypatch):
    def broken(*args, **options):
        raise ConnectionError

    monkeypatch.setattr(watch.cache, "add", broken)
    planned()
    clock.move(minutes=6)
    for _ in range(3):
        services.sound_alarm(now=clock())
    assert caplog.text.count("Late messages") == 1


def test_a_worker_that_starts_late_says_so_before_it_sends(clock, caplog, sink):
    planned()
    clock.move(hours=6)
    tasks.send_due_messages()
    assert "the oldest due 360 minutes ago" in caplog.text
    assert len(sink.mails) == 1
    caplog.clear()
    tasks.sound_alarm()
    assert "Late" not in caplog.text


# The admin


@pytest.fixture
def bounced() -> Suppression:
    suppression, _ = services.suppress(
        channel="email",
        address="maya@client.example",
        reason=Suppression.Reason.BOUNCED,
        source="Postmark:7",
        now=NOW,
    )
    return suppression


def lift(browser, *chosen: Suppression) -> None:
    browser.post(
        reverse("admin:messaging_suppression_changelist"),
        {"action": "lift", "_selected_action": [each.pk for each in chosen]},
    )
    for each in chosen:
        each.refresh_from_db()


def test_who_may_lifts_a_suppressed_address(admin_client, admin_user, bounced):
    lift(admin_client, bounced)
    assert bounced.lifted_at
    assert bounced.lifted_by == f"staff:{admin_user.pk}"


def test_nobody_but_its_sender_takes_a_stop_back(admin_client):
    stopped, _ = services.suppress(
        channel="sms",
        address="+15035550142",
        reason=Suppression.Reason.STOPPED,
        source="twilio:SMa",
        now=NOW,
    )
    lift(admin_client, stopped)
    assert stopped.lifted_at is None


def test_who_may_only_look_lifts_nothing(client, django_user_model, bounced):
    user = django_user_model.objects.create_user("desk@lumen.example", "x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_suppression"))
    client.force_login(user)
    lift(client, bounced)
    assert bounced.lifted_at is None


def test_suppressed_addresses_are_read_and_not_written(
    admin_client, bounced, django_assert_max_num_queries
):
    with django_assert_max_num_queries(12):
        page = admin_client.get(reverse("admin:messaging_suppression_changelist"))
    assert page.context["cl"].result_count == 1
    url = reverse("admin:messaging_suppression_change", args=[bounced.pk])
    assert admin_client.get(url).status_code == 200
    assert admin_client.post(url, {"address": "other"}).status_code == 403
