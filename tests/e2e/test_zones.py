"""Somebody far away looks at the clinic's times."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Browser, expect

from clinic.web import clock
from tests.factories import open_clinic


@pytest.mark.django_db(transaction=True)
def test_in_kathmandu_ten_in_new_york_is_quarter_to_eight_in_the_evening(
    browser: Browser, live_server, monkeypatch
):
    cache.clear()
    monkeypatch.setattr(clock, "now", lambda: datetime(2027, 6, 1, 12, tzinfo=UTC))
    scene = open_clinic("America/New_York")
    times = reverse("booking:times", args=[scene.treatment.slug, scene.option.minutes])
    context = browser.new_context(
        timezone_id="Asia/Kathmandu", locale="en-US", viewport={"width": 390, "height": 844}
    )
    page = context.new_page()

    page.goto(f"{live_server.url}{times}?day=2027-06-08")
    page.locator(".all-times summary").click()

    ten = page.get_by_role("group", name="Morning").get_by_role("button", name="10:00 am")
    expect(ten).to_contain_text("(7:45 pm)")
    context.close()
