"""Signing in and what one looks after in an account. The names are the ones allauth asks for."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import path

from clinic.accounts import views
from clinic.accounts.views import for_staff

urlpatterns = [
    path("sign-in/", views.sign_in, name="account_login"),
    path("sign-in/code/", views.code, name="account_confirm_login_code"),
    path("sign-in/password/", views.password, name="account_password"),
    path("sign-in/passkey/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("sign-in/second-step/", mfa.authenticate, name="mfa_authenticate"),
    path("sign-out/", views.sign_out, name="account_logout"),
    path("give-back/", views.give_back, name="account_give_back"),
    path("join/<str:token>/", views.join, name="account_join"),
    path("account/email/", account.email, name="account_email"),
    path(
        "account/email/code/",
        account.email_verification_sent,
        name="account_email_verification_sent",
    ),
    path("account/password/", for_staff(account.password_change), name="account_change_password"),
    path("account/password/new/", for_staff(account.password_set), name="account_set_password"),
    path("account/sessions/", views.sessions, name="usersessions_list"),
    path("account/sessions/others/end/", views.end_other_sessions, name="account_end_others"),
    path("account/sessions/<int:pk>/end/", views.end_session, name="account_end_session"),
    path("account/security/", views.second_step, name="mfa_index"),
    path("account/security/passkey/", views.add_passkey, name="mfa_add_webauthn"),
    path(
        "account/security/passkey/<int:pk>/remove/",
        views.remove_passkey,
        name="mfa_remove_webauthn",
    ),
    path("account/security/app/", for_staff(totp.activate_totp), name="mfa_activate_totp"),
    path(
        "account/security/app/remove/", for_staff(totp.deactivate_totp), name="mfa_deactivate_totp"
    ),
    path(
        "account/security/codes/",
        for_staff(recovery.view_recovery_codes),
        name="mfa_view_recovery_codes",
    ),
    path(
        "account/security/codes/new/",
        for_staff(recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path("account/confirm/password/", account.reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path(
        "account/confirm/passkey/",
        webauthn.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
]
