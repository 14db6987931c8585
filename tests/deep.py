"""How hard the tests try: quickly by default, deeply with `make test DEEP=1`."""

import os

import hypothesis

IS_DEEP = os.environ.get("LUMEN_DEEP") == "1"


def rounds(normal: int, deep: int) -> int:
    """Return how often to repeat something, normally and when digging deep."""
    return deep if IS_DEEP else normal


def load_hypothesis_profile() -> None:
    """Set how many examples a property is tried with.

    Quick runs try the same examples each time, so that they never surprise anyone; deep runs
    look for new ones.
    """
    hypothesis.settings.register_profile("quick", max_examples=60, derandomize=True, deadline=None)
    hypothesis.settings.register_profile("deep", max_examples=150, deadline=None, print_blob=True)
    hypothesis.settings.load_profile("deep" if IS_DEEP else "quick")
