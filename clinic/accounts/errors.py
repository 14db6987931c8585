"""What somebody who signs in can run into, with the sentence to show."""

from django.utils.translation import gettext_lazy as _


class AccountError(Exception):
    """Something that cannot be done, and why, in words for the person who asked."""

    message = _("That did not work. Please try again.")


class InvitationGone(AccountError):
    message = _("This invitation is over. Ask whoever sent it for a new one.")
