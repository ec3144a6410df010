"""What the sign-in pages' forms do: one function for each ``step`` that a button stands for."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from m365_sandbox.identity import person_errors
from m365_sandbox.identity.clients import find_client
from m365_sandbox.identity.consent import grant
from m365_sandbox.identity.delegation import Authentication
from m365_sandbox.identity.errors import EntraError
from m365_sandbox.identity.sign_in.interaction import Ask, Progress, next_step
from m365_sandbox.identity.sign_in.sessions import Browser
from m365_sandbox.state import sign_in_log
from m365_sandbox.state.clock import now
from m365_sandbox.state.sandbox import Sandbox
from m365_sandbox.state.sign_in_settings import is_locked, sign_in_settings, try_password


class Cancelled(Exception):
    """The person does not want to go on; ``error`` is what the application is told."""

    def __init__(self, error: EntraError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class Answered:
    """What an answer came to: the browser's sessions, how far the person is, what was wrong with the answer, and the
    page to show in place of the one that comes next by itself.
    """

    browser: Browser
    progress: Progress
    error: EntraError | None = None
    ask: Ask | None = None


Step = Callable[[Sandbox, Browser, Progress, Mapping[str, str]], Answered]


def answer(sandbox: Sandbox, browser: Browser, progress: Progress, form: Mapping[str, str]) -> Answered:
    """Do what the button of a form says. It saves what changed.

    :raises EntraError: 165000 for a form that no page has.
    :raises Cancelled: if the person cancelled.
    """
    step = _STEPS.get(form.get("step", ""))
    if step is None:
        raise person_errors.foreign_form()
    return step(sandbox, browser, progress, form)


def _account(sandbox: Sandbox, browser: Browser, progress: Progress, form: Mapping[str, str]) -> Answered:
    tenant, name = sandbox.tenant, form.get("name", "").strip()
    ask = Ask("account", replace(progress, user_id=None), {"name": name})
    user = next(iter(tenant.find("users", userPrincipalName=name)), None)
    if user is None:
        return Answered(browser, progress, person_errors.unknown_user(tenant.display_name), ask)
    if progress.request.tenant_name.casefold() == "consumers":
        return Answered(browser, progress, person_errors.wrong_account_type(name.rpartition("@")[2]), ask)
    return Answered(browser, replace(progress, user_id=user["id"], authenticated=False))


def _pick(sandbox: Sandbox, browser: Browser, progress: Progress, form: Mapping[str, str]) -> Answered:
    if form.get("account") in browser.accounts:
        return Answered(browser, replace(progress, user_id=form["account"]))
    return _other(sandbox, browser, progress, form)


def _other(sandbox: Sandbox, browser: Browser, progress: Progress, form: Mapping[str, str]) -> Answered:
    progress = replace(progress, user_id=None, authenticated=False)
    return Answered(browser, progress, ask=Ask("account", progress, {"name": ""}))


def _password(sandbox: Sandbox, browser: Browser, progress: Progress, form: Mapping[str, str]) -> Answered:
    tenant, user_id = sandbox.tenant, progress.user_id
    if user_id is None:
        raise person_errors.foreign_form()
    if is_locked(tenant, user_id):
        return Answered(browser, progress, person_errors.locked())
    is_right = try_password(tenant, user_id, form.get("password", ""))
    sign_in_log.record(
        tenant, user_id, sign_in_log.BROWSER, error_code=0 if is_right else sign_in_log.WRONG_PASSWORD,
        application=find_client(tenant, progress.request.client_id).name,
    )
    tenant.save()
    if not is_right:
        return Answered(browser, progress, person_errors.wrong_password())
    authentication = Authentication(user_id, now().timestamp(), ("pwd",))
    return Answered(browser.with_account(authentication), replace(progress, authenticated=True))


def _factor(sandbox: Sandbox, browser: Browser, progress: Progress, form: Mapping[str, str]) -> Answered:
    authentication = browser.accounts.get(progress.user_id or "")
    if authentication is None:
        raise person_errors.foreign_form()
    expected = sign_in_settings(sandbox.tenant, authentication.user_id)["multiFactorCode"] or ""
    if not hmac.compare_digest(form.get("code", "").strip().encode(), expected.encode()):
        return Answered(browser, progress, person_errors.wrong_factor())
    return Answered(browser.with_account(replace(authentication, methods=("pwd", "mfa"))), progress)


def _confirm(sandbox: Sandbox, browser: Browser, progress: Progress, form: Mapping[str, str]) -> Answered:
    return Answered(browser, replace(progress, confirmed=True))


def _accept(sandbox: Sandbox, browser: Browser, progress: Progress, form: Mapping[str, str]) -> Answered:
    ask = next_step(sandbox, browser, progress)
    # What is granted is what the page has to show now, to whoever is signed in now.
    if not isinstance(ask, Ask) or ask.page != "consent":
        raise person_errors.foreign_form()
    for_everyone = ask.context["is_for_everyone"] or (ask.context["is_admin"] and form.get("everyone") == "yes")
    user_id = None if for_everyone else ask.context["user"]["id"]
    grant(sandbox.tenant, ask.context["client"], ask.context["permissions"], user_id)
    sandbox.tenant.save()
    return Answered(browser, replace(ask.progress, agreed=True))


def _cancel(sandbox: Sandbox, browser: Browser, progress: Progress, form: Mapping[str, str]) -> Answered:
    is_admin_consent = progress.request.purpose == "adminconsent"
    raise Cancelled(
        person_errors.admin_consent_declined() if is_admin_consent else person_errors.consent_declined()
    )


def _refuse(sandbox: Sandbox, browser: Browser, progress: Progress, form: Mapping[str, str]) -> Answered:
    ask = next_step(sandbox, browser, progress)
    if not isinstance(ask, Ask) or ask.page != "approval":
        raise person_errors.foreign_form()
    raise Cancelled(ask.context["error"])


_STEPS: dict[str, Step] = {
    "account": _account, "pick": _pick, "other": _other, "password": _password, "factor": _factor,
    "confirm": _confirm, "accept": _accept, "decline": _cancel, "cancel": _cancel, "refuse": _refuse,
}
