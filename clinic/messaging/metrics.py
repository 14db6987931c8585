"""The outbox for monitoring, in Prometheus' text format."""

from collections.abc import Iterator

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from clinic.messaging import selectors
from clinic.web import clock

HELP = {
    "oldest_due_seconds": "How long the oldest due message has waited, 0 when none does",
    "planned_due": "Messages that should have gone by now",
    "late": "Messages that are due for longer than MESSAGE_ALARM",
    "retrying": "Due messages that a server would not take yet",
    "sent_last_minute": "Messages sent in the last minute",
    "failed_last_day": "Messages that failed in the last 24 hours",
    "suppressed": "Addresses and numbers nothing is sent to",
}


class Outbox(Collector):
    """Reads the gauges when it is asked, whichever process answers: the table is the record."""

    def collect(self) -> Iterator[Metric]:
        for name, value in selectors.gauges(now=clock.now())._asdict().items():
            yield GaugeMetricFamily(f"lumen_messages_{name}", HELP[name], value=value)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer who knows METRICS_TOKEN; without one, developers only."""
    token = settings.METRICS_TOKEN
    if not token and not settings.DEBUG:
        raise Http404
    if token and not constant_time_compare(
        request.headers.get("Authorization", ""), f"Bearer {token}"
    ):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry()
    registry.register(Outbox())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
