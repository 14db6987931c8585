"""Where providers report to us, and where monitoring looks."""

from django.urls import path

from clinic.messaging import metrics, webhooks

app_name = "messaging"

urlpatterns = [
    path("messages/anymail/<slug:provider>/tracking/", webhooks.mail_events, name="mail_events"),
    path("messages/sms/", webhooks.incoming_text, name="incoming_text"),
    path("messages/sms/status/", webhooks.text_status, name="text_status"),
    path("metrics", metrics.metrics, name="metrics"),
]
