"""The sandbox's own addresses as resources: a client that was pointed at them asks for tokens by them too."""

from __future__ import annotations

from collections.abc import Mapping

from m365_sandbox.state.faces import address

_OFFICIAL = {
    "graph": "https://graph.microsoft.com", "outlook": "https://outlook.office365.com",
    "management": "https://management.azure.com",
}


def official_resource(resource: str, ports: Mapping[str, int]) -> str:
    """Microsoft's address for the sandbox's own one of Graph, Outlook or Azure; any other resource as it is.

    :param ports: the port of each face.
    """
    named = resource.removesuffix("/").replace("//localhost:", "//127.0.0.1:")
    own = {address(face, ports[face]): official for face, official in _OFFICIAL.items() if face in ports}
    return own.get(named, resource)
