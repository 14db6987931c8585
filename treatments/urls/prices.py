"""The price desk, mounted at /staff/prices/."""

from django.urls import path

from treatments.views import price_files, price_history, prices

app_name = "prices"

urlpatterns = [
    path("", prices.index, name="index"),
    path("edit/", prices.edit, name="edit"),
    path("bulk/", prices.bulk, name="bulk"),
    path("start/", prices.start, name="start"),
    path("settle/", prices.settle, name="settle"),
    path("discard/", prices.discard, name="discard"),
    path("publish/", prices.publish, name="publish"),
    path("promised/", prices.promised, name="promised"),
    path("prices.csv", price_files.matrix, name="matrix_file"),
    path("import/", price_files.take, name="import"),
    path("history/", price_history.history, name="history"),
    path("history.csv", price_files.history, name="history_file"),
    path("<int:pk>/", price_history.change, name="change"),
    path("<int:pk>/undo/", price_history.undo, name="undo"),
    path("<int:pk>/again/", price_history.again, name="again"),
    path("<int:pk>/take-up/", price_history.take_up, name="take_up"),
]
