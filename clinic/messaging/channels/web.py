"""What the answers of a provider's web address mean, for mail and for texts."""

from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, SSLError

OUR_FAULT = {401, 403}  # it does not know us, or not any more
TOO_MANY = 429


def is_temporary(status: int | None) -> bool:
    """Whether the same request may be taken later; no status at all means no answer came."""
    return status is None or status == TOO_MANY or status >= 500


def never_connected(error: BaseException | None) -> bool:
    """Whether nothing was sent at all: no way there, or nobody at home."""
    cause = error.args[0] if error and error.args else None
    reason = getattr(cause, "reason", None)
    return isinstance(reason, ConnectTimeoutError | NewConnectionError | SSLError)
