import logging
from functools import partial
from typing import Any, ClassVar, cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.accounts import invitations, services
from clinic.accounts.models import CLIENTS, Invitation, User
from clinic.web import clock
from clinic.web.admin import AddOnly

logger = logging.getLogger(__name__)

# Whose secrets and sessions these are looks after them in their own account.
for model in (EmailAddress, Authenticator, UserSession, Group):
    admin.site.unregister(model)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin):
    """Roles, and what each may do."""

    list_filter = ("user__is_staff",)


class NewUserForm(AdminUserCreationForm):
    """A new person, by e-mail; with a password, or without until they sign in by code."""

    class Meta(AdminUserCreationForm.Meta):
        model = User
        fields = ("email", "full_name")
        field_classes: ClassVar[dict[str, type]] = {}


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """People who sign in. What they may do comes from their roles, the groups."""

    add_form = NewUserForm
    list_display = ("email", "full_name", "is_staff", "is_active", "last_login")
    list_filter = ("groups", "is_staff", "is_active")
    search_fields = ("email", "full_name")
    ordering = ("email",)
    filter_horizontal = ("groups",)
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "full_name", "password")}),
        (_("Roles"), {"fields": ("groups", "is_staff", "is_active", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "full_name", "usable_password", "password1", "password2"),
            },
        ),
    )

    actions = ("sign_out_everywhere", "forget_second_step")

    @admin.action(description=_("Sign out everywhere"), permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        for user in self._those_in_reach(request, chosen):
            services.end_sessions(user)
        self.message_user(request, _("They are signed out."))

    @admin.action(description=_("Lost phone: set up the second step anew"), permissions=["change"])
    def forget_second_step(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        for user in self._those_in_reach(request, chosen):
            services.forget_second_step(user)
            self.log_change(request, user, gettext("Second step taken away"))
        self.message_user(request, _("They set up their second step when they sign in next."))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save; another address is proved by a code before it counts as anybody's."""
        super().save_model(request, obj, form, change)
        EmailAddress.objects.filter(user=obj).exclude(email=obj.email).delete()

    # Who may edit people must not make themselves, or anybody, more than they are.

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        if request.user.is_superuser:
            return fields
        own = ("groups", "is_staff", "is_active") if obj == request.user else ()
        return (*fields, "is_superuser", *own)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_in_reach(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_in_reach(request, obj) and super().has_delete_permission(request, obj)

    def _is_in_reach(self, request: HttpRequest, user: User | None) -> bool:
        return user is None or not user.is_superuser or bool(request.user.is_superuser)

    def _those_in_reach(self, request: HttpRequest, chosen: QuerySet[User]) -> QuerySet[User]:
        return chosen if request.user.is_superuser else chosen.filter(is_superuser=False)


@admin.register(Invitation)
class InvitationAdmin(AddOnly, admin.ModelAdmin):
    """Who was asked to join the staff. Adding one sends the letter with the link."""

    list_display = ("email", "role", "invited_by", "valid_until", "accepted_at", "revoked_at")
    list_select_related = ("role", "invited_by")
    list_filter = ("role",)
    search_fields = ("email",)
    fields = ("email", "role")
    actions = ("take_back",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("accounts.add_user")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.add_user")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "email":
            field.validators.append(partial(services.refuse_own, user=cast(User, request.user)))
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "role":
            roles = db_field.remote_field.model._default_manager
            kwargs["queryset"] = roles.exclude(name=CLIENTS)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        invitation = services.invite(
            email=obj.email, role=obj.role, invited_by=cast(User, request.user), now=clock.now()
        )
        obj.pk, obj.email = invitation.pk, invitation.email
        try:
            invitations.send(invitation)
        except Exception:  # each way of sending fails in its own
            logger.exception("Invitation %s could not be mailed", invitation.pk)
            url = invitations.url_of(invitation)
            text = gettext("The mail did not go out. Give them this link yourself: %s")
            self.message_user(request, text % url, messages.WARNING)

    @admin.action(description=_("Take back"), permissions=["add"])
    def take_back(self, request: HttpRequest, chosen: QuerySet[Invitation]) -> None:
        pks = chosen.values_list("pk", flat=True)
        count = services.revoke(invitations=list(pks), by=cast(User, request.user), now=clock.now())
        self.message_user(request, gettext("Taken back: %d") % count)
