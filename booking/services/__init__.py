"""What can be done to a booking and to a diary: one verb each, one transaction each."""

from booking.services.cancelling import cancel
from booking.services.confirming import confirm_booking, delete_draft, save_draft
from booking.services.fees import waive_fee
from booking.services.holds import (
    delete_old_holds,
    end_lapsed_holds,
    extend_hold,
    hold_again,
    hold_slot,
    let_go,
)
from booking.services.moving import move
from booking.services.resizing import resize
from booking.services.schedule import (
    add_time_off,
    remove_stretch,
    remove_time_off,
    save_stretch,
    set_working_hours,
)
from booking.services.taking_back import take_back
from booking.services.undoing import undo
from booking.services.visits import (
    check_in,
    check_in_late,
    complete,
    decline,
    go_on_unprepared,
    mark_no_show,
    start,
    turn_away,
)

__all__ = [
    "add_time_off",
    "cancel",
    "check_in",
    "check_in_late",
    "complete",
    "confirm_booking",
    "decline",
    "delete_draft",
    "delete_old_holds",
    "end_lapsed_holds",
    "extend_hold",
    "go_on_unprepared",
    "hold_again",
    "hold_slot",
    "let_go",
    "mark_no_show",
    "move",
    "remove_stretch",
    "remove_time_off",
    "resize",
    "save_draft",
    "save_stretch",
    "set_working_hours",
    "start",
    "take_back",
    "turn_away",
    "undo",
    "waive_fee",
]
