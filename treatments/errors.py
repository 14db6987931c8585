"""What can be wrong with an offer."""


class NoPrice(Exception):
    """Nobody published a price for this on that day: the catalogue is incomplete."""
