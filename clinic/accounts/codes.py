"""Signing in by a code from the mail, with an account or before there is one."""

from __future__ import annotations

from typing import Any, Self

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.models import Login
from allauth.account.stages import LoginByCodeStage, LoginStageController
from django.http import HttpRequest, HttpResponse

from clinic.accounts import services
from clinic.accounts.models import User


class CodeProcess(LoginCodeVerificationProcess):
    """allauth's, except that an address without an account gets a code too.

    The page and the time it takes are the same either way; only the letter says which it is.
    Typing the code proves the address, and that makes the account: never before.
    """

    @classmethod
    def initiate(cls, *, request: HttpRequest, user: User | None, email: str, **_: Any) -> Self:
        login = Login(user=user, email=email)
        login.state["stages"] = {"current": LoginByCodeStage.key}
        stage = LoginByCodeStage(LoginStageController(request, login), request, login)
        stage.state.update(cls.initial_state(user=user, email=email), initiated_by_user=True)
        process = cls(stage)
        process.send()
        process.persist()
        return process

    @classmethod
    def resume(cls, stage: LoginByCodeStage) -> Self | None:
        return cls(stage).abort_if_invalid()

    def send_by_email(self, email: str, skip_enumeration_mails: bool = False) -> None:
        letter = "sign_in_code" if self.user else "new_account"
        get_adapter().send_mail(letter, email, {"code": self.generate_code()})

    def finish(self, redirect_url: str | None) -> HttpResponse:
        self._user = services.account_of(self.state["email"])
        return super().finish(redirect_url)
