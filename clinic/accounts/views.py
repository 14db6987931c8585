"""Signing in, and what one looks after in an account."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from allauth.account import views as account
from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.flows.logout import logout
from allauth.account.stages import LoginByCodeStage
from allauth.account.utils import perform_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.httpkit import add_query_params
from allauth.mfa.base import views as mfa
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal import auth as webauthn_auth
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.accounts import handing, invitations, services, steps
from clinic.accounts.agents import name_of
from clinic.accounts.codes import CodeProcess
from clinic.accounts.errors import InvitationGone
from clinic.accounts.forms import JoinForm, PasskeyForm, PasswordForm, SignInForm
from clinic.accounts.models import User
from clinic.web import clock

View = Callable[..., HttpResponseBase]

# Signing in


class SignInView(account.RequestLoginCodeView):
    """The one way in for everybody: a code by mail, or a passkey."""

    template_name = "account/sign_in.html"

    def get_form_class(self) -> type[SignInForm]:
        return SignInForm

    def form_valid(self, form: SignInForm) -> HttpResponse:
        CodeProcess.initiate(request=self.request, user=form.user, email=form.cleaned_data["email"])
        return HttpResponseRedirect(self.get_success_url())

    def form_invalid(self, form: SignInForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


@method_decorator(
    login_stage_required(stage=LoginByCodeStage.key, redirect_urlname="account_login"),
    name="dispatch",
)
class CodeView(account.ConfirmLoginCodeView):
    """The code from the letter."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.stage = request._login_stage  # type: ignore[attr-defined]
        self._process = CodeProcess.resume(self.stage)
        if self._process is None:
            messages.warning(request, _("That code is too old. We send you a new one."))
            return redirect("account_login")
        return super(account.ConfirmLoginCodeView, self).dispatch(request, *args, **kwargs)


class PasswordView(account.LoginView):
    """Address and password, for staff who have one; the second step comes after."""

    template_name = "account/password.html"

    def get_form_class(self) -> type[PasswordForm]:
        return PasswordForm


sign_in = SignInView.as_view()
code = CodeView.as_view()
password = PasswordView.as_view()
sign_out = require_POST(account.logout)


@never_cache
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead Django's admin to our own way in. Who is signed in already may not see it."""
    if request.user.is_authenticated:
        raise PermissionDenied
    back = request.GET.get("next", reverse("admin:index"))
    return redirect(add_query_params(reverse("account_password"), {"next": back}))


@never_cache
@require_safe
def give_back(request: HttpRequest) -> HttpResponse:
    """Ask a client who has a device of ours in hand to give it back."""
    if not handing.is_handed_over(request):
        return redirect("site:home")
    return render(request, "account/give_back.html", request.session[handing.HANDED_OVER])


# Second steps and passkeys


def for_staff(view: View) -> View:
    """Answer those who work here; a client needs no password, no app and no recovery codes."""

    @login_required
    @wraps(view)
    def answer(request: HttpRequest, /, **names: object) -> HttpResponseBase:
        if not cast(User, request.user).works_here:
            raise Http404
        return view(request, **names)

    return answer


class SecondStepView(mfa.IndexView):
    """What proves who one is, and what is missing of it."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        return super().get_context_data(**kwargs) | {
            "is_first": user.works_here and not steps.is_set_up(user)
        }


class AddPasskeyView(webauthn.AddWebAuthnView):
    """A passkey: always one that is enough by itself, with a finger, a face or a PIN."""

    def get_form_class(self) -> type[PasskeyForm]:
        return PasskeyForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        options = webauthn_auth.begin_registration(self.request.user, True)
        return {"form": kwargs.get("form") or self.get_form(), "view": self} | {
            "js_data": {"creation_options": options}
        }

    def get_success_url(self) -> str:
        if self.did_generate_recovery_codes and self.request.user.works_here:
            return reverse("mfa_view_recovery_codes")
        return reverse("mfa_index")


class RemovePasskeyView(webauthn.RemoveWebAuthnView):
    """Remove a passkey, unless it is the only second step of somebody who works here."""

    def get_success_url(self) -> str:
        return reverse("mfa_index")

    def form_valid(self, form: Any) -> HttpResponse:
        if self.request.user.works_here and steps.is_last(self.object):
            messages.warning(
                self.request, _("This is your only second step. Add another before you remove it.")
            )
            return redirect("mfa_index")
        return super().form_valid(form)


second_step = login_required(SecondStepView.as_view())
add_passkey = login_required(AddPasskeyView.as_view())
remove_passkey = login_required(RemovePasskeyView.as_view())


# Where one is signed in


@never_cache
@login_required
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """List every browser in which one is signed in, the latest first."""
    found = UserSession.objects.purge_and_list(request.user)
    rows = [
        {"session": row, "browser": name_of(row.user_agent), "is_here": row.is_current()}
        for row in sorted(found, key=lambda row: row.created_at, reverse=True)
    ]
    return render(request, "usersessions/sessions.html", {"rows": rows})


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign out one other browser of one's own."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    if session.is_current():
        return sign_out(request)
    session.end()
    messages.success(request, _("That browser is signed out."))
    return redirect("usersessions_list")


@login_required
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    for session in UserSession.objects.filter(user=request.user):
        if not session.is_current():
            session.end()
    messages.success(request, _("You are signed in here and nowhere else."))
    return redirect("usersessions_list")


# Joining the staff


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation: a name, perhaps a password, then the second step is set up."""
    now = clock.now()
    invitation = invitations.invitation_for(token, now=now)
    if invitation is None:
        return render(request, "account/invitation_gone.html", status=404)
    known = User.objects.filter(email=invitation.email).first()
    form = JoinForm(
        request.POST or None,
        email=invitation.email,
        has_password=known is not None and known.has_usable_password(),
        initial={"name": known.full_name if known else ""},
    )
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.errors else 200
        context = {"form": form, "invitation": invitation}
        return render(request, "account/invitation.html", context, status=status)
    try:
        user = services.accept(
            invitation=invitation,
            name=form.cleaned_data["name"],
            password=form.cleaned_data.get("password", ""),
            now=now,
        )
    except InvitationGone:
        return render(request, "account/invitation_gone.html", status=404)
    if request.user.is_authenticated:
        logout(request, show_message=False)
    record_authentication(request, user, "invitation", email=user.email)
    try:
        return perform_login(request, user, email=user.email)
    except ImmediateHttpResponse as answer:
        return answer.response
