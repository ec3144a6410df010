"""Who may do what: the application permissions of Graph's permission matrix [permissions.json of Graph's devx content].

Permissions that contain a listed one (ReadWrite.All of a Read.All) count as well.
"""

from __future__ import annotations

from m365_sandbox.graph.routing import OWNED_BY, any_of

# What people have who sign in with the Azure CLI: it does in the directory what they may do themselves.
_AS_PERSON = "Directory.AccessAsUser.All"
_READ_ALL = (
    "Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All", _AS_PERSON,
)
_READ_DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All", _AS_PERSON)

APPLICATIONS_READ = any_of(OWNED_BY, *_READ_ALL)
APPLICATIONS_CREATE = any_of(OWNED_BY, "AppRegistration.Create", "Application.ReadWrite.All", _AS_PERSON)
APPLICATIONS_WRITE = any_of(OWNED_BY, "Application.ReadWrite.All", _AS_PERSON)
SERVICE_PRINCIPALS_WRITE = CREDENTIALS_WRITE = any_of(
    OWNED_BY, "Application.ReadWrite.All", "Directory.ReadWrite.All", _AS_PERSON
)
FEDERATION_READ = any_of(OWNED_BY, "Application.Read.All", "Application.ReadWrite.All", _AS_PERSON)
FEDERATION_WRITE = any_of(OWNED_BY, "Application.ReadWrite.All", _AS_PERSON)
OWNERS_READ = ASSIGNMENTS_READ = any_of(*_READ_ALL)
# Writing applications alone does not let a caller name another owner [application-post-owners].
OWNERS_WRITE = any_of(
    *(frozenset({write, "Directory.Read.All"}) for write in (OWNED_BY, "Application.ReadWrite.All")),
    "Directory.ReadWrite.All", _AS_PERSON,
)
ASSIGNMENTS_CREATE = any_of(
    *(frozenset({"AppRoleAssignment.ReadWrite.All", read}) for read in _READ_ALL), _AS_PERSON
)
ASSIGNMENTS_DELETE = any_of("AppRoleAssignment.ReadWrite.All", _AS_PERSON)
GRANTS_READ = any_of(
    *_READ_DIRECTORY, "DelegatedPermissionGrant.Read.All", "DelegatedPermissionGrant.ReadWrite.All"
)
GRANTS_WRITE = any_of("DelegatedPermissionGrant.ReadWrite.All", "Directory.ReadWrite.All", _AS_PERSON)
# [rbacapplication-list-roleassignments, -post-roleassignments]; that the Azure CLI's token will do was seen (az rest).
DIRECTORY_ROLES_READ = any_of(
    "RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", *_READ_DIRECTORY
)
DIRECTORY_ROLES_WRITE = any_of("RoleManagement.ReadWrite.Directory", _AS_PERSON)
PROFILES_READ = frozenset({"User.Read.All", "User.ReadWrite.All", *_READ_DIRECTORY})
USERS_READ = any_of("User.ReadBasic.All", *PROFILES_READ)
OWN_USER_READ = any_of("User.Read", "User.ReadWrite")
ORGANIZATION_READ = any_of(
    "Organization.Read.All", "Organization.ReadWrite.All", "User.Read.All", "User.ReadWrite.All", *_READ_DIRECTORY
)
# No public source names the id of Policy.Read.ApplicationConfiguration, so no application of the sandbox can have it.
_WRITE_POLICIES = "Policy.ReadWrite.ApplicationConfiguration"
_READ_POLICIES = ("Policy.Read.All", "Policy.Read.ApplicationConfiguration", _WRITE_POLICIES)
POLICIES_READ = any_of(*_READ_POLICIES)
POLICIES_WRITE = any_of(_WRITE_POLICIES)
# Documented for the assignment [appmanagementpolicy-post-appliesto]; of the list it is a guess.
ASSIGNED_POLICIES_READ = any_of(*(frozenset({policy, read}) for policy in _READ_POLICIES for read in _READ_ALL))
ASSIGNED_POLICIES_WRITE = any_of(*(frozenset({_WRITE_POLICIES, read}) for read in _READ_ALL))
