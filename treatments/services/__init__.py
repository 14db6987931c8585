"""What is written about what we offer."""

from treatments.services.prices import (
    discard,
    old_prices_again,
    publish,
    see_again,
    set_start,
    take_file,
    take_up,
    undo,
    write_edits,
)

__all__ = [
    "discard",
    "old_prices_again",
    "publish",
    "see_again",
    "set_start",
    "take_file",
    "take_up",
    "undo",
    "write_edits",
]
