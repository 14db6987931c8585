"""The clinic's addresses and the bare view's."""

from django.urls import include, path

from tests.benchmarks.lean import lean

urlpatterns = [path("lean/", lean), path("", include("clinic.urls"))]
