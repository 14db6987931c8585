"""An owner of messages for workers under test: every parcel's letter holds and takes a moment.

    python -m tests.faults.parcels 10

plans that many messages as a web process would, and prints the seconds each one took.
"""

import os
import sys
import time
from datetime import datetime
from pathlib import Path

from django.apps import AppConfig

# Seconds to write one letter, so that there is a middle to be killed in.
PAUSE = float(os.environ.get("PARCEL_PAUSE", "0.01"))


class Parcels(AppConfig):
    """Registers the owner when Django starts in a worker."""

    name = "tests.faults"
    path = str(Path(__file__).parent)

    def ready(self) -> None:
        from clinic.messaging import registry
        from clinic.messaging.letters import Letter
        from clinic.messaging.models import Message

        def render(message: Message, now: datetime) -> Letter:
            time.sleep(PAUSE)
            return Letter(to="maya@client.example", subject=message.subject, text="It is here.")

        registry.register("parcel", holds=lambda message, now: None, render=render)


def main(count: int) -> None:
    """Plan messages that are due now, one transaction each."""
    import django

    django.setup()
    from django.db import transaction

    from clinic.messaging import services
    from clinic.web import clock

    for _ in range(count):
        draft = services.Draft(
            subject=f"parcel:{time.time_ns()}", code="M01", recipient="client", due_at=clock.now()
        )
        begin = time.perf_counter()
        with transaction.atomic():
            services.plan(messages=[draft], now=clock.now())
        print(time.perf_counter() - begin)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings"
    main(int(sys.argv[1]))
