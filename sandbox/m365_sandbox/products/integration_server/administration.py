"""What an administrator can do, by the API and by the pages alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from m365_sandbox.products.integration_server import fields, rules
from m365_sandbox.products.integration_server.errors import ApiError
from m365_sandbox.products.integration_server.listeners import Listeners, port_key
from m365_sandbox.products.integration_server.release import Release
from m365_sandbox.products.integration_server.state import State, Values
from m365_sandbox.products.integration_server.tokens import Tokens

NOTIFICATION = "notification"


class Administration:
    """The server's e-mail ports and the SMTP server of its notifications."""

    def __init__(self, release: Release, state: State, tokens: Tokens, listeners: Listeners) -> None:
        self.release = release
        self._state = state
        self._tokens = tokens
        self._listeners = listeners
        self._port_fields = fields.email_port(release)
        self._notification_fields = fields.notification(release)

    # -- e-mail ports -------------------------------------------------------------------------------------------------

    def aliases(self) -> list[str]:
        """The ports' names, in order."""
        return sorted(self._state.ports)

    def port(self, alias: str) -> Values:
        """A port as it is shown.

        :raises ApiError: 404.
        """
        return fields.shown(self._port_fields, self._stored(alias))

    def is_signed_in(self, alias: str) -> bool:
        """Whether somebody has signed in for a port."""
        return self._tokens.is_signed_in(port_key(alias))

    def add_port(self, sent: Any) -> Values:
        """A new port, which is disabled.

        :raises ApiError: 400; 409 where there is one of that alias.
        """
        port = rules.merged(self._port_fields, {}, sent)
        rules.check_port(self._port_fields, port)
        alias = port["alias"]
        if alias in self._state.ports:
            raise ApiError(409, f"Port alias {alias} already exists")
        self._state.ports[alias] = port
        self._state.save()
        return self.port(alias)

    def change_port(self, alias: str, sent: Any, *, replace: bool) -> Values:
        """Change the fields that are sent, or replace all of them. An enabled port goes on with its new settings,
        unless somebody has to sign in anew.

        :raises ApiError: 400, 404.
        """
        before = self._stored(alias)
        kept: Values = {"alias": alias, "enabled": before.get("enabled", False)} if replace else before
        after = rules.without_old_password(rules.merged(self._port_fields, kept, sent), sent)
        if after["alias"] != alias:
            raise ApiError(400, "alias cannot be changed")
        rules.check_port(self._port_fields, after)
        self._state.ports[alias] = after
        if rules.voids_sign_in(before, after):
            self._tokens.forget(port_key(alias))
            self._listeners.disable(alias)
        self._state.save()
        return self.port(alias)

    def remove_port(self, alias: str) -> None:
        """Remove a port and its sign-in.

        :raises ApiError: 404.
        """
        self._stored(alias)
        self._listeners.disable(alias)
        self._tokens.forget(port_key(alias))
        del self._state.ports[alias]
        self._state.save()

    async def switch_port(self, alias: str, action: str | None) -> Values:
        """Enable or disable a port.

        :raises ApiError: 404; 400 for another action, and if the port cannot be enabled.
        """
        self._stored(alias)
        if action == "enable":
            await self._listeners.enable(alias)
        elif action == "disable":
            self._listeners.disable(alias)
        else:
            raise ApiError(400, f"Unknown action {action}")
        return self.port(alias)

    def authorize_port(self, alias: str) -> str | None:
        """The address that Get Authorization Code opens; None for a port without OAuth."""
        port = self._stored(alias)
        return _authorize_address(port, "clientID") if port.get("authentication") == "OAuth" else None

    async def take_code_of_port(self, alias: str, code: str) -> None:
        """Sign in with a code.

        :raises ApiError: it is refused.
        """
        await self._tokens.redeem(port_key(alias), self._stored(alias), code)

    def _stored(self, alias: str) -> Values:
        if alias not in self._state.ports:
            raise ApiError(404, f"Port alias {alias} does not exist")
        return self._state.ports[alias]

    # -- notifications ------------------------------------------------------------------------------------------------

    def notification(self) -> Values:
        """The SMTP server of the notifications as it is shown."""
        return fields.shown(self._notification_fields, self._state.notification)

    async def change_notification(self, sent: Any) -> Values:
        """Change the fields that are sent; a new authorization code is redeemed.

        :raises ApiError: 400.
        """
        before = self._state.notification
        after = rules.merged(self._notification_fields, before, sent)
        rules.check_notification(self._notification_fields, after)
        code = after.pop("authorizationCode", None)
        if rules.voids_sign_in(before, after):
            self._tokens.forget(NOTIFICATION)
            after.pop("accessTokenExpiryTime", None)
        if code is not None:
            seconds = await self._tokens.redeem(NOTIFICATION, after, code)
            after["accessTokenExpiryTime"] = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        self._state.notification = after
        self._state.save()
        return self.notification()

    def authorize_notification(self) -> str | None:
        """The address that Get Authorization Code opens; None without OAuth."""
        settings = self._state.notification
        return _authorize_address(settings, "clientId") if settings.get("authType") == "OAuth" else None


def _authorize_address(settings: Values, client_id: str) -> str:
    query = urlencode({
        "response_type": "code", "client_id": settings[client_id], "scope": settings["scope"],
        "redirect_uri": settings["redirectURL"],
    })
    return f"{settings['authURL']}?{query}"
