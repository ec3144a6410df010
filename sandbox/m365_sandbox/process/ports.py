"""Ports for an instance, which keeps them: none that the system gives to somebody's outgoing connection meanwhile."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping

from m365_sandbox.state.faces import FACES, HOST

# Below those that Linux, macOS and Windows choose themselves.
OWN = range(20000, 32000)


def ports_of_faces(wanted: Mapping[str, int], kept: Mapping[str, int]) -> dict[str, int]:
    """A port for each face: the wanted one, the one that it had while it is free, or another.

    :param wanted: 0 stands for none; whether one is free shows when it is used.
    """
    others = (port for port in free_ports() if port not in kept.values())
    return {
        face: wanted.get(face) or (kept[face] if face in kept and is_free(kept[face]) else next(others))
        for face in FACES
    }


def free_ports() -> Iterator[int]:
    """Ports that nobody uses. Instances that start at the same time begin their search at different ones."""
    begin = os.getpid() * len(FACES) % len(OWN)
    return filter(is_free, (*OWN[begin:], *OWN[:begin]))


def is_free(port: int) -> bool:
    """Whether nobody listens at a port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
