"""The doorbell: tells a worker that something is due. The table is the schedule.

A ring that is lost costs nothing but time: beat rings every few seconds anyway.
"""

import logging
from datetime import timedelta
from functools import cache as remembered
from time import monotonic

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from kombu import Connection
from kombu.pools import producers

from clinic.web import limits

logger = logging.getLogger(__name__)

KEY = "messaging.doorbell"
QUIET = timedelta(seconds=5)  # after a bell that did not ring, nobody waits for it again
_quiet_until = 0.0


def ring() -> None:
    """Once this transaction is committed, ask a worker to look; never fails, never waits long."""
    transaction.on_commit(_press)


def answered() -> None:
    """A worker is about to look: what is committed from now on must ring again."""
    try:
        cache.delete(KEY)
    except Exception as error:  # the key lapses by itself
        logger.warning("The doorbell's light stays on: %s", type(error).__name__)


def _press() -> None:
    """Ring, unless a ring is already on its way or the bell has just proved broken.

    Cache and broker share BROKER_PATIENCE, half each.
    """
    global _quiet_until
    if monotonic() < _quiet_until or limits.is_cache_silent():
        return
    try:
        if cache.add(KEY, 1, timeout=settings.MESSAGE_TICK):
            _publish()
    except Exception as error:  # whatever it is, the row is safe and beat will find it
        _quiet_until = monotonic() + QUIET.total_seconds()
        logger.warning("The doorbell did not ring, mail leaves later: %s", type(error).__name__)


def _publish() -> None:
    """Put one ring into the queue, over a connection that gives up early."""
    from clinic.messaging import tasks  # tasks answer the bell

    patience = settings.BROKER_PATIENCE.total_seconds() / 2
    with producers[_line()].acquire(block=True, timeout=patience) as producer:
        tasks.send_due_messages.apply_async(
            producer=producer, expires=2 * settings.MESSAGE_TICK, retry=False
        )


@remembered
def _line() -> Connection:
    """The doorbell's own line to the broker; the worker's, which waits long, stays as it is."""
    patience = settings.BROKER_PATIENCE.total_seconds() / 2
    return current_app.connection_for_write(
        connect_timeout=patience,
        transport_options={
            "max_retries": 0,
            "socket_timeout": patience,
            "socket_connect_timeout": patience,
        },
    )
