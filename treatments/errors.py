"""What can be wrong with an offer, and what the price desk refuses."""

from django.utils.translation import gettext_lazy as _


class NoPrice(Exception):
    """Nobody published a price for this on that day: the catalogue is incomplete."""


class PriceError(Exception):
    """Something the price desk cannot do, with the sentence that says so."""

    message = _("That did not work. Nothing was changed.")

    def __init__(self, message: str | None = None) -> None:
        if message is not None:
            self.message = message  # type: ignore[assignment]
        super().__init__(str(self.message))


class NothingToPublish(PriceError):
    """The draft is empty."""

    message = _("There is no change to publish yet.")


class DraftChanged(PriceError):
    """The draft is no longer what its author looked at: it was changed in another window."""

    message = _("Your changes are not those you looked at: look at them again, then publish.")


class PricesChanged(PriceError):
    """Somebody else published prices over which this draft was typed."""

    message = _("Prices you were changing were changed meanwhile. Nothing you typed is lost.")


class Busy(PriceError):
    """It took so long that it could count before it is written."""

    message = _("Prices are being changed by somebody else just now. Please press once more.")


class HasBegun(PriceError):
    """A change that counts already cannot be undone."""

    message = _(
        "This change has begun: visits were priced by it. To go back, publish the old prices anew."
    )


class CatalogueError(Exception):
    """Something the catalogue cannot do, with the sentence that says so."""

    message = _("That did not work. Nothing was changed.")

    def __init__(self) -> None:
        super().__init__(str(self.message))


class OfferChanged(CatalogueError):
    """Somebody else saved it since the page was opened."""

    message = _(
        "Somebody saved this meanwhile. Nothing you typed is lost: look at what differs, then save."
    )


class AlreadySold(CatalogueError):
    """A booking took what was about to change."""

    message = _(
        "A visit was booked with this meanwhile, so its minutes and devices stay. To change them, "
        "retire this and add another."
    )


class DraftWaits(CatalogueError):
    """A text that waits for the medical lead, or was approved, is not written on."""

    message = _("This text was handed in or approved meanwhile. Nothing was changed.")


class NotAsRead(CatalogueError):
    """What is about to be approved is not what was read."""

    message = _("The text is not the one you read: it was changed. Please read it once more.")
