"""Which ports an instance takes."""

from __future__ import annotations

import os
import socket

import pytest
from m365_sandbox.process import ports
from m365_sandbox.process.ports import OWN, free_ports, ports_of_faces
from m365_sandbox.state.faces import FACES


def test_each_face_has_one_that_no_outgoing_connection_gets() -> None:
    found = ports_of_faces({}, {})
    assert found.keys() == FACES.keys()
    assert len(set(found.values())) == len(FACES)
    assert set(found.values()) <= set(OWN)


def test_kept_ones_stay_unless_they_are_taken_or_others_are_wanted() -> None:
    kept = ports_of_faces({}, {})
    assert ports_of_faces({"graph": 0}, kept) == kept
    assert ports_of_faces({"graph": 8443}, kept) == {**kept, "graph": 8443}
    with socket.create_server(("127.0.0.1", kept["imap"])):
        changed = ports_of_faces({}, kept)
    assert changed["imap"] not in kept.values()
    assert {**changed, "imap": kept["imap"]} == kept


def test_two_processes_do_not_begin_at_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    firsts = []
    monkeypatch.setattr(ports, "is_free", lambda port: True)
    for process in range(1000, 1100):
        monkeypatch.setattr(os, "getpid", lambda process=process: process)
        firsts.append(next(free_ports()))
    assert len(set(firsts)) == len(firsts)
