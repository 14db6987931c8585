"""Whether a number takes our texts. Who sends them knows, and registers here."""

from collections.abc import Callable

answers: list[Callable[[str], bool]] = []


def register(is_stopped: Callable[[str], bool]) -> None:
    """Let `is_stopped` answer whether texts to a number (E.164) were stopped by its owner."""
    answers.append(is_stopped)


def takes_texts(number: str) -> bool:
    """Whether nobody at `number` (E.164) has said STOP."""
    return not any(is_stopped(number) for is_stopped in answers)
