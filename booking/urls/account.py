"""One's own appointments, for those who are signed in."""

from django.urls import path

from booking.views import account

app_name = "account"

urlpatterns = [
    path("account/", account.home, name="home"),
    path("account/book-for/", account.choose, name="choose"),
]
