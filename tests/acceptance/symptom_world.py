# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What can be wrong, planted in a tenant, its inventory, its store and its servers, and taken away again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._google.key_file import load
from estates import GRAPH as GRAPH_ID
from estates import SERVERS
from symptom_voices import ACCOUNT, CONTRACTS, GOOGLE, MAILBOXES, ORDERS, PROBE, SITE, TICKETS, Voices


def planted(cause: Callable[..., Iterator[None]]) -> Callable[..., AbstractContextManager[None]]:
    """A cause that is taken away again, whatever happened meanwhile."""

    @wraps(cause)
    @contextmanager
    def context(*arguments: Any, **options: Any) -> Iterator[None]:
        steps = cause(*arguments, **options)
        next(steps)
        try:
            yield
        finally:
            next(steps, None)

    return context


class World(Voices):
    """The tenant, in which a cause can be true for a while: each method is a context."""

    @planted
    def variables(self, host: str, **variables: Any) -> Iterator[None]:
        """The inventory says something else of a host."""
        self._further = self.estate.hosts(**{host.replace("-", "_"): variables})[1:]
        yield
        self._further = []

    def caller(self, host: str = TICKETS, **wrong: Any) -> Any:
        """The inventory says something else of the caller, who keeps no tokens."""
        env = self.env
        entra = {
            "tenant_id": env["AZURE_TENANT_ID"], "client_id": env["AZURE_CLIENT_ID"],
            "client_secret": env["AZURE_CLIENT_SECRET"], "authority_host": env["AZURE_AUTHORITY_HOST"],
            "graph_endpoint": env["MAILOPS_GRAPH_ENDPOINT"], "ca_path": env["MAILOPS_CA_FILE"], **wrong,
        }
        return self.variables(host, mail_entra={name: value for name, value in entra.items() if value is not None})

    def caller_with_certificate(self, *, registered: bool) -> Any:
        """The caller signs in with a certificate."""
        file = self.estate.directory / "caller.pem"
        file.write_text(self.key + self.certificate)
        return self.caller(client_id=self.others[registered], client_secret=None, certificate_path=str(file))

    def caller_with_assertion(self) -> Any:
        """The caller signs in with the token of a CI's, which its application does not trust."""
        file = self.estate.directory / "assertion"
        file.write_text(self.assertion())
        return self.caller(client_id=self.others[False], client_secret=None, federated_token_file=str(file))

    @planted
    def control(self, path: str, wrong: Any, right: Any, method: str = "PATCH") -> Iterator[None]:
        """The tenant is otherwise for a while."""
        self.sandbox.control(method, path, wrong)
        yield
        self.sandbox.control(method, path, right)

    def later(self, *, seconds: float) -> Any:
        """The tenant's clock has gone on."""
        return self.control("/clock", {"offset_seconds": seconds}, {"offset_seconds": 0}, "PUT")

    @planted
    def replaced_secret(self, host: str) -> Iterator[None]:
        """Somebody has made a new secret for a host's application, and removed that of the store."""
        path, key_id = f"/applications/{self.objects[host]['id']}", self.credential(host)["key_id"]
        new = self.graph.post(f"{path}/addPassword", json={}).json()
        self.graph.post(f"{path}/removePassword", json={"keyId": key_id})
        yield
        # It cannot be brought back; from now on the store has the new one.
        self._keep(host, key_id=new["keyId"], secret_text=new["secretText"])

    @planted
    def disabled(self, principal: str) -> Iterator[None]:
        """A service principal is disabled."""
        yield from self._switched(principal, "accountEnabled", on=False)

    def _switched(self, principal: str, name: str, *, on: bool) -> Iterator[None]:
        path = f"/servicePrincipals/{principal}"
        self.graph.patch(path, json={name: on})
        yield
        self.graph.patch(path, json={name: not on})

    @planted
    def deleted(self, kind: str, host: str) -> Iterator[None]:
        """A host's application is in the bin, or its service principal alone."""
        granted = self._granted(host)
        ids = [self.principals[host]]
        if kind == "applications":
            ids.insert(0, self.objects[host]["id"])
        self.graph.delete(f"/{kind}/{ids[0]}")
        yield
        for one in ids:
            self.graph.post(f"/directory/deletedItems/{one}/restore")
        self._grant(host, granted)

    @planted
    def not_granted(self, host: str) -> Iterator[None]:
        """The application permissions of a host's application are revoked."""
        granted = self._granted(host)
        for one in granted:
            self.graph.delete(f"/servicePrincipals/{self.principals[host]}/appRoleAssignments/{one['id']}")
        yield
        self._grant(host, granted)

    @planted
    def not_consented(self, host: str) -> Iterator[None]:
        """The delegated permissions of a host's application are revoked."""
        consented = self._consented(host)
        yield
        # What the person has consented to meanwhile goes.
        self._consented(host)
        names = ("clientId", "consentType", "resourceId", "scope")
        for one in consented:
            self.graph.post("/oauth2PermissionGrants", json={name: one[name] for name in names})

    def _granted(self, host: str) -> list[dict[str, Any]]:
        path = f"/servicePrincipals/{self.principals[host]}/appRoleAssignments"
        found: list[dict[str, Any]] = self.graph.get(path).json()["value"]
        return found

    def _grant(self, host: str, granted: list[dict[str, Any]]) -> None:
        held = {one["appRoleId"] for one in self._granted(host)}
        for one in granted:
            if one["appRoleId"] not in held:
                self.graph.post(f"/servicePrincipals/{self.principals[host]}/appRoleAssignments", json={
                    name: one[name] for name in ("principalId", "resourceId", "appRoleId")
                })

    def _consented(self, host: str) -> list[dict[str, Any]]:
        """What was consented to; it is taken away."""
        path = f"/servicePrincipals/{self.principals[host]}/oauth2PermissionGrants"
        found: list[dict[str, Any]] = self.graph.get(path).json()["value"]
        for one in found:
            self.graph.delete(f"/oauth2PermissionGrants/{one['id']}")
        return found

    @planted
    def another_permission(self, host: str) -> Iterator[None]:
        """In place of its own permissions an application has one that does not let it at mail."""
        path = f"/servicePrincipals/{self.principals[host]}/appRoleAssignments"
        graph = self.graph.get(f"/servicePrincipals(appId='{GRAPH_ID}')").json()
        [role] = [
            one["id"] for one in graph["appRoles"] if one["value"] == "User.Read.All"
        ]
        with self.not_granted(host):
            added = self.graph.post(path, json={
                "principalId": self.principals[host], "resourceId": graph["id"], "appRoleId": role,
            }).json()
            yield
            self.graph.delete(f"{path}/{added['id']}")

    @planted
    def without_right(self, host: str) -> Iterator[None]:
        """A host's application has lost FullAccess."""
        right = {"Identity": MAILBOXES[host], "User": self.principals[host], "AccessRights": ["FullAccess"]}
        self.estate.exchange("Remove-MailboxPermission", {**right, "Confirm": False})
        yield
        self.estate.exchange("Add-MailboxPermission", right)

    @planted
    def pointing_to(self, object_id: str | None) -> Iterator[None]:
        """Exchange knows the application by another object id, or not at all."""
        known = {"AppId": self.ids[TICKETS], "ObjectId": self.principals[TICKETS]}
        self.sandbox.control("PATCH", "/tenant/exchange-behaviour", {"ChecksServicePrincipals": False})
        self.estate.exchange("Remove-ServicePrincipal", {"Identity": known["ObjectId"], "Confirm": False})
        if object_id:
            self.sandbox.control("POST", "/tenant/exchange-service-principals", {**known, "ObjectId": object_id})
        yield
        if object_id:
            self.estate.exchange("Remove-ServicePrincipal", {"Identity": object_id, "Confirm": False})
        self.sandbox.control("PATCH", "/tenant/exchange-behaviour", {"ChecksServicePrincipals": True})
        self.sandbox.control("POST", "/tenant/exchange-service-principals", known)
        self.sandbox.control("POST", "/tenant/mailbox-permissions", {
            "Identity": MAILBOXES[TICKETS], "User": known["ObjectId"],
        })

    @planted
    def out_of_scope(self) -> Iterator[None]:
        """The roles by which an application reaches its mailboxes are taken away."""
        now = self.estate.footprint()
        held = [
            one for one in now.objects("management_role_assignments") if one["App"] == self.principals[SITE]
        ]
        for one in held:
            self.estate.exchange("Remove-ManagementRoleAssignment", {"Identity": one["Name"], "Confirm": False})
        yield
        scopes = {one["Guid"]: one["Name"] for one in now.objects("management_scopes")}
        for one in held:
            self.estate.exchange("New-ManagementRoleAssignment", {
                "Name": one["Name"], "Role": one["Role"], "App": one["App"],
                "CustomResourceScope": scopes[one["CustomResourceScope"]],
            })

    @planted
    def public(self, host: str) -> Iterator[None]:
        """A host's application has become a public one."""
        path, redirects = f"/applications/{self.objects[host]['id']}", self.objects[host]["web"]["redirectUris"]
        self.graph.patch(path, json={"web": {"redirectUris": []}, "publicClient": {"redirectUris": redirects}})
        yield
        self.graph.patch(path, json={"web": {"redirectUris": redirects}, "publicClient": {"redirectUris": []}})

    @planted
    def without_redirect(self, host: str) -> Iterator[None]:
        """A host's application has lost its redirect URIs."""
        path, redirects = f"/applications/{self.objects[host]['id']}", self.objects[host]["web"]["redirectUris"]
        self.graph.patch(path, json={"web": {"redirectUris": ["https://elsewhere.example/"]}})
        yield
        self.graph.patch(path, json={"web": {"redirectUris": redirects}})

    @planted
    def for_the_assigned(self, host: str) -> Iterator[None]:
        """Only people who are assigned to it may use a host's application."""
        yield from self._switched(self.principals[host], "appRoleAssignmentRequired", on=True)

    @planted
    def access_policy(self) -> Iterator[None]:
        """A policy lets the application at the mailboxes of a group alone, of which its own is none."""
        self.estate.exchange("New-DistributionGroup", {"Name": "few", "Type": "Security", "Members": [PROBE]})
        self.estate.exchange("New-ApplicationAccessPolicy", {
            "AppId": self.ids[CONTRACTS], "PolicyScopeGroupId": "few", "AccessRight": "RestrictAccess",
        })
        yield
        [policy] = self.estate.footprint().objects("application_access_policies")
        self.estate.exchange("Remove-ApplicationAccessPolicy", {"Identity": policy["Identity"], "Confirm": False})

    @planted
    def policy_on_old_clients(self) -> Iterator[None]:
        """A Conditional Access policy blocks the clients that know passwords only."""
        policies = "/tenant/conditional-access-policies"
        added = self.sandbox.control("POST", policies, {
            "displayName": "Block legacy authentication", "grantControls": {"builtInControls": ["block"]},
            "conditions": {
                "clientAppTypes": ["other"], "applications": {"includeApplications": ["All"]},
                "users": {"includeUsers": ["All"]},
            },
        })
        yield
        self.sandbox.control("PATCH", f"{policies}/{added['id']}", {"state": "disabled"})

    @planted
    def undeclared(self, host: str) -> Iterator[None]:
        """A host's application does not declare what it asks for."""
        path = f"/applications/{self.objects[host]['id']}"
        self.graph.patch(path, json={"requiredResourceAccess": []})
        yield
        self.graph.patch(path, json={"requiredResourceAccess": self.objects[host]["requiredResourceAccess"]})

    def proof_to(self, recipient: str) -> Any:
        """The inventory has the proof arrive in another mailbox."""
        return self.variables(CONTRACTS, mail_verify={"recipient": recipient, "receive": self.estate.reader()})

    @planted
    def port_settings(self, **wrong: str) -> Iterator[None]:
        """The server's port was changed by hand."""
        port = "/admin/port/email/orders"
        before = self.server.api.get(port).json()
        assert self.server.api.patch(port, json=wrong).is_success
        yield
        right = {name: before[name] for name in wrong if name in before}
        self.server.api.patch(port, json={**right, "clientSecret": self.secret(ORDERS)})
        self.sign_in()

    @planted
    def both(self, first: Any, second: Any) -> Iterator[None]:
        """Two things are so at once."""
        with first, second:
            yield

    def hour(self) -> Any:
        """The tenant's clock is ahead by an hour."""
        return self.later(seconds=3600)

    @planted
    def configured(self, host: str, old: str, new: str) -> Iterator[None]:
        """A product's configuration was changed by hand."""
        folder = self.estate.directory / "servers" / host
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert any(old.encode() in content for content in before.values()), before
        for path, content in before.items():
            path.write_bytes(content.replace(old.encode(), new.encode()))
        yield
        for path, content in before.items():
            path.write_bytes(content)

    @planted
    def restored(self, host: str) -> Iterator[None]:
        """Somebody has put back what a product was configured with before."""
        folder = self.estate.directory / "servers" / host
        names = {"standard/local.js": "local.standard.js", "web.config": "web.config"}
        before = {folder / name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
        for path in before:
            path.write_bytes((SERVERS / names[path.relative_to(folder).as_posix()]).read_bytes())
        yield
        for path, content in before.items():
            path.write_bytes(content)

    @planted
    def stored(self, host: str, **values: str) -> Iterator[None]:
        """The store holds something else of a host's credential."""
        path, _vault = self._store()
        before = path.read_bytes()
        self._keep(host, **values)
        yield
        path.write_bytes(before)

    def at_google(self, **wrong: Any) -> Any:
        """The inventory says something else of the service account."""
        env = self.env
        return self.variables(GOOGLE, mail_google={
            "unique_name": ACCOUNT, "key_file": env["M365_SANDBOX_GOOGLE_P12_FILE"],
            "service_account": env["M365_SANDBOX_GOOGLE_SERVICE_ACCOUNT"],
            "token_uri": env["MAILOPS_GOOGLE_TOKEN_URI"],
            "server_path": f"{self.estate.directory}/servers/{GOOGLE}/google.p12", **wrong,
        })

    def account(self, wrong: Any, right: Any) -> Any:
        """Google has something else of the service account."""
        return self.control(
            f"/tenant/google-service-accounts/{self.env['M365_SANDBOX_GOOGLE_SERVICE_ACCOUNT']}", wrong, right
        )

    @planted
    def keys_disabled(self) -> Iterator[None]:
        """The service account's keys are disabled."""
        account = {"service_account": self.env["M365_SANDBOX_GOOGLE_SERVICE_ACCOUNT"]}
        keys = [
            load({**account, "key_file": self.env[f"M365_SANDBOX_GOOGLE_{kind}_FILE"]}, "key").key_id
            for kind in ("KEY", "P12")
        ]
        for disabled in (True, False):
            for key_id in keys:
                self.sandbox.control("PATCH", f"/tenant/google-keys/{key_id}", {"disabled": disabled})
            if disabled:
                yield

    @planted
    def signed_out(self) -> Iterator[None]:
        """The server's sign-in is over, and it has noticed."""
        self.sandbox.control("POST", f"/tenant/users/{MAILBOXES[ORDERS]}/revoke-sessions")
        self.port()
        yield
        self.sign_in()

    @planted
    def refused(self, cause: Any) -> Iterator[None]:
        """The server's refresh token is refused as long as the cause lasts; then the person signs in again."""
        with cause:
            yield
        self.sign_in()

    @planted
    def fault(self, **fault: Any) -> Iterator[None]:
        """A face has a trouble."""
        self.sandbox.control("POST", "/faults", fault)
        yield
        self.sandbox.control("DELETE", "/faults")
