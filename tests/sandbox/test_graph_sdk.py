"""The Graph face as Microsoft's own client, msgraph-sdk, sees it."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest
from graph_client import ALL, GRAPH_APP_ID, Graph, token_of, unknown
from key_pairs import KeyPair, key_pair
from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator
from kiota_abstractions.authentication.base_bearer_token_authentication_provider import (
    BaseBearerTokenAuthenticationProvider,
)
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.applications.applications_request_builder import ApplicationsRequestBuilder
from msgraph.generated.applications.item.add_password.add_password_post_request_body import AddPasswordPostRequestBody
from msgraph.generated.applications.item.remove_password.remove_password_post_request_body import (
    RemovePasswordPostRequestBody,
)
from msgraph.generated.models.app_credential_restriction_type import AppCredentialRestrictionType
from msgraph.generated.models.app_management_application_configuration import AppManagementApplicationConfiguration
from msgraph.generated.models.app_role_assignment import AppRoleAssignment
from msgraph.generated.models.application import Application
from msgraph.generated.models.federated_identity_credential import FederatedIdentityCredential
from msgraph.generated.models.key_credential import KeyCredential
from msgraph.generated.models.o_auth2_permission_grant import OAuth2PermissionGrant
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_credential import PasswordCredential
from msgraph.generated.models.password_credential_configuration import PasswordCredentialConfiguration
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.required_resource_access import RequiredResourceAccess
from msgraph.generated.models.resource_access import ResourceAccess
from msgraph.generated.models.service_principal import ServicePrincipal
from msgraph.generated.models.tenant_app_management_policy import TenantAppManagementPolicy
from msgraph.generated.models.web_application import WebApplication
from msgraph_core import GraphClientFactory, PageIterator
from sandbox_fixture import RunningSandbox

# Every call of the SDK's builders with a configuration warns about a class that the caller did not choose.
pytestmark = pytest.mark.filterwarnings("ignore:This class is deprecated:DeprecationWarning")

Result = TypeVar("Result")
MAIL_SEND = UUID("b633e1c5-b582-4048-a93e-9f11b44c7e96")


class StaticToken(AccessTokenProvider):
    """One token for everything."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def get_authorization_token(
        self, uri: str, additional_authentication_context: dict[str, Any] | None = None
    ) -> str:
        return self._token

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return AllowedHostsValidator([])


@pytest.fixture
def use(clean: RunningSandbox) -> Callable[[Callable[[GraphServiceClient], Awaitable[Result]]], Result]:
    """Runs a coroutine function with a client of the SDK."""
    with Graph(clean, *ALL, "Policy.ReadWrite.ApplicationConfiguration") as caller:
        token = token_of(clean, caller.app_id)

    def run(story: Callable[[GraphServiceClient], Awaitable[Result]]) -> Result:
        async def tell() -> Result:
            context = ssl.create_default_context(cafile=clean.ca)
            async with httpx.AsyncClient(verify=context) as plain:
                http = GraphClientFactory.create_with_default_middleware(client=plain)
                adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(StaticToken(token)), http)
                adapter.base_url = f"{clean.env['MAILOPS_GRAPH_ENDPOINT']}/v1.0"
                return await story(GraphServiceClient(request_adapter=adapter))

        return asyncio.run(tell())

    return run


def test_life_of_an_application(use: Any) -> None:
    async def story(client: GraphServiceClient) -> None:
        made = await client.applications.post(Application(
            display_name="SDK", web=WebApplication(redirect_uris=["https://a"]),
            required_resource_access=[RequiredResourceAccess(
                resource_app_id=GRAPH_APP_ID, resource_access=[ResourceAccess(id=MAIL_SEND, type="Role")],
            )],
        ))
        item = client.applications.by_application_id(made.id)
        await item.patch(Application(notes="changed", tags=["a"]))
        read = await client.applications_with_app_id(made.app_id).get()
        assert (read.notes, read.tags, read.web.redirect_uris) == ("changed", ["a"], ["https://a"])
        assert read.required_resource_access[0].resource_access[0].id == MAIL_SEND

        secret = await item.add_password.post(
            AddPasswordPostRequestBody(password_credential=PasswordCredential(display_name="first"))
        )
        assert len(secret.secret_text) == 40
        await item.remove_password.post(RemovePasswordPostRequestBody(key_id=secret.key_id))
        with pytest.raises(ODataError) as caught:
            await item.remove_password.post(RemovePasswordPostRequestBody(key_id=secret.key_id))
        assert caught.value.error.message == f"No password credential found with keyId '{secret.key_id}'."

        await item.delete()
        deleted = await client.directory.deleted_items.graph_application.get()
        assert [one.id for one in deleted.value] == [made.id]
        await client.directory.deleted_items.by_directory_object_id(made.id).restore.post()
        assert (await item.get()).display_name == "SDK"

    use(story)


def test_upsert(use: Any) -> None:
    async def story(client: GraphServiceClient) -> None:
        configuration: RequestConfiguration[Any] = RequestConfiguration()
        configuration.headers.add("Prefer", "create-if-missing")
        by_name = client.applications_with_unique_name("mailops")
        made = await by_name.patch(Application(display_name="A"), configuration)
        assert made.unique_name == "mailops"
        assert await by_name.patch(Application(display_name="B"), configuration) is None
        assert (await by_name.get()).display_name == "B"

    use(story)


def test_consent(use: Any) -> None:
    async def story(client: GraphServiceClient) -> None:
        application = await client.applications.post(Application(display_name="SDK"))
        principal = await client.service_principals.post(ServicePrincipal(app_id=application.app_id))
        graph = await client.service_principals_with_app_id(GRAPH_APP_ID).get()
        item = client.service_principals.by_service_principal_id(principal.id)
        granted = await item.app_role_assignments.post(AppRoleAssignment(
            principal_id=UUID(principal.id), resource_id=UUID(graph.id), app_role_id=MAIL_SEND,
        ))
        listed = await item.app_role_assignments.get()
        assert [(one.id, one.app_role_id) for one in listed.value] == [(granted.id, MAIL_SEND)]
        grant = await client.oauth2_permission_grants.post(OAuth2PermissionGrant(
            client_id=principal.id, consent_type="AllPrincipals", resource_id=graph.id, scope="Mail.Send",
        ))
        by_id = client.oauth2_permission_grants.by_o_auth2_permission_grant_id(grant.id)
        await by_id.patch(OAuth2PermissionGrant(scope="Mail.Send openid"))
        assert (await by_id.get()).scope == "Mail.Send openid"
        await item.app_role_assignments.by_app_role_assignment_id(granted.id).delete()
        assert (await item.app_role_assignments.get()).value == []

    use(story)


def test_owners(use: Any) -> None:
    async def story(client: GraphServiceClient) -> None:
        application = await client.applications.post(Application(display_name="SDK"))
        user = await client.users.by_user_id("admin@contoso.example").get()
        owners = client.applications.by_application_id(application.id).owners
        await owners.ref.post(ReferenceCreate(
            odata_id=f"https://graph.microsoft.com/v1.0/directoryObjects/{user.id}"
        ))
        kinds = [one.odata_type for one in (await owners.get()).value]
        assert kinds == ["#microsoft.graph.servicePrincipal", "#microsoft.graph.user"]
        await owners.by_directory_object_id(user.id).ref.delete()
        assert len((await owners.get()).value) == 1

    use(story)


def test_paging_through_filtered_applications(use: Any) -> None:
    async def story(client: GraphServiceClient) -> None:
        for number in range(5):
            await client.applications.post(Application(display_name=f"Page {number}"))
        parameters = ApplicationsRequestBuilder.ApplicationsRequestBuilderGetQueryParameters(
            filter="startswith(displayName,'Page ')", top=2, select=["displayName"],
        )
        first = await client.applications.get(RequestConfiguration(query_parameters=parameters))
        seen: list[str] = []

        def collect(application: Application) -> bool:
            seen.append(str(application.display_name))
            return True

        await PageIterator(first, client.request_adapter).iterate(collect)
        assert seen == [f"Page {number}" for number in range(5)]

    use(story)


def test_errors_are_typed(use: Any) -> None:
    async def story(client: GraphServiceClient) -> None:
        identifier = unknown()
        with pytest.raises(ODataError) as caught:
            await client.applications.by_application_id(identifier).get()
        assert caught.value.response_status_code == 404
        assert caught.value.error.code == "Request_ResourceNotFound"
        assert caught.value.error.inner_error.request_id

    use(story)


def test_the_default_app_management_policy(use: Any) -> None:
    # kiota writes a timedelta as Python prints it, which is no duration; a string goes through as it is.
    wanted = PasswordCredentialConfiguration(
        restriction_type=AppCredentialRestrictionType.PasswordLifetime, max_lifetime="P90D",
    )

    async def story(client: GraphServiceClient) -> None:
        policy = client.policies.default_app_management_policy
        await policy.patch(TenantAppManagementPolicy(
            is_enabled=True,
            application_restrictions=AppManagementApplicationConfiguration(password_credentials=[wanted]),
        ))
        shown = await policy.get()
        [read] = shown.application_restrictions.password_credentials
        assert (shown.is_enabled, read.max_lifetime) == (True, timedelta(days=90))

        made = await client.applications.post(Application(display_name="SDK"))
        item = client.applications.by_application_id(made.id)
        with pytest.raises(ODataError) as caught:
            await item.add_password.post(AddPasswordPostRequestBody(password_credential=PasswordCredential()))
        assert caught.value.response_status_code == 400
        assert caught.value.error.code == "CredentialInvalidLifetimeAsPerAppPolicy"
        assert (await item.app_management_policies.get()).value == []

    use(story)


def test_certificates_and_federated_credentials(use: Any) -> None:
    first, second = key_pair(), key_pair()

    def certificate(pair: KeyPair) -> KeyCredential:
        return KeyCredential(type="AsymmetricX509Cert", usage="Verify", key=pair.der)

    async def story(client: GraphServiceClient) -> None:
        made = await client.applications.post(Application(display_name="SDK", key_credentials=[certificate(first)]))
        item = client.applications.by_application_id(made.id)
        # What was read goes back as it came, without its key, and stays.
        [kept] = (await item.get()).key_credentials
        assert kept.key is None
        await item.patch(Application(key_credentials=[kept, certificate(second)]))
        shown = (await item.get()).key_credentials
        assert [base64.b64encode(one.custom_key_identifier).decode() for one in shown] == [
            pair.thumbprint("sha1").hex().upper() for pair in (first, second)
        ]

        trusted = await item.federated_identity_credentials.post(FederatedIdentityCredential(
            name="job", issuer="https://127.0.0.1:1", subject="repo:a/b", audiences=["api://AzureADTokenExchange"],
        ))
        by_name = item.federated_identity_credentials_with_name("job")
        await by_name.patch(FederatedIdentityCredential(subject="repo:a/c"))
        assert (await by_name.get()).subject == "repo:a/c"
        assert [one.id for one in (await item.federated_identity_credentials.get()).value] == [trusted.id]
        await item.federated_identity_credentials.by_federated_identity_credential_id(trusted.id).delete()
        assert (await item.federated_identity_credentials.get()).value == []

    use(story)
