"""Key pairs, and that no private key in use gets lost wherever the change of the files is broken off."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra import key_pairs
from ansible_collections.mailops.modern_auth.plugins.module_utils._entra.key_files import KeyFiles, read_file
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import CertificateBuilder, Name, load_der_x509_certificate, random_serial_number
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 22, 5, 0, 0, 123456, tzinfo=UTC)
DAY = timedelta(days=1)
OLD, NEW, OTHER = (key_pairs.make(name, NOW, 180 * DAY) for name in ("old", "new", "x" * 100))


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def files(tmp_path: Path) -> KeyFiles:
    return KeyFiles(tmp_path / "caller.pem")


def test_what_is_made_signs_for_as_long_as_asked() -> None:
    certificate = load_der_x509_certificate(OTHER.certificate.der)
    assert OTHER.certificate.end - OTHER.certificate.start == 180 * DAY
    assert NOW - timedelta(minutes=6) < OTHER.certificate.start < NOW
    key = load_pem_private_key(OTHER.pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048
    certificate.verify_directly_issued_by(certificate)
    assert key_pairs.key_pair_from(OTHER.pem) == OTHER


def test_thumbprints_as_portals_and_assertions_have_them() -> None:
    shown = OLD.certificate.thumbprints
    assert shown["thumbprint"] == OLD.certificate.sha1.hex().upper()
    assert len(shown["thumbprint"]) == 40
    assert "=" not in shown["x5t"] + shown["x5t_s256"]
    assert key_pairs.certificate_from_der(OLD.certificate.der).key_id == OLD.certificate.key_id
    assert OLD.certificate.key_id != NEW.certificate.key_id


@pytest.mark.parametrize(("at_least", "at_most", "lasts"), [
    (30, 180, True), (179, 180, True), (180, 180, False), (30, 179, False),
])
def test_a_pair_that_was_made_before_is_used_if_it_still_will_do(at_least: int, at_most: int, lasts: bool) -> None:
    assert OLD.certificate.lasts(NOW, at_least * DAY, at_most * DAY) is lasts


@given(st.binary())
def test_what_is_no_certificate_is_refused_by_name(content: bytes) -> None:
    for text in (content, b"-----BEGIN CERTIFICATE-----\n" + content):
        with pytest.raises(InputError, match="source_path: "):
            key_pairs.certificate_from_file("source_path", text, "password")


def _given(key: Any) -> Any:
    return (
        CertificateBuilder().subject_name(Name([])).issuer_name(Name([])).public_key(key.public_key())
        .serial_number(random_serial_number()).not_valid_before(NOW).not_valid_after(NOW + DAY)
    )


def _archive(password: bytes | None, *, with_certificate: bool = True) -> bytes:
    certificate = load_der_x509_certificate(OLD.certificate.der) if with_certificate else None
    key: Any = load_pem_private_key(OLD.pem, None)
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return pkcs12.serialize_key_and_certificates(b"caller", key, certificate, None, encryption)


@pytest.mark.parametrize("password", [None, "correct horse"])
def test_a_certificate_from_an_archive(password: str | None) -> None:
    content = _archive(password and password.encode())
    assert key_pairs.certificate_from_file("source_path", content, password) == OLD.certificate
    with pytest.raises(InputError, match="source_path: no certificate can be read"):
        key_pairs.certificate_from_file("source_path", content, "wrong")


def test_an_archive_without_certificate() -> None:
    with pytest.raises(InputError, match="no certificate in the archive"):
        key_pairs.certificate_from_file("source_path", _archive(None, with_certificate=False), None)


def test_a_key_that_entra_does_not_take() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _given(key).sign(key, key_pairs.hashes.SHA256()).public_bytes(Encoding.PEM)
    with pytest.raises(InputError, match="source_path: the key of the certificate is not RSA"):
        key_pairs.certificate_from_file("source_path", certificate, None)


def test_a_new_pair_takes_the_place_of_the_one_in_use(files: KeyFiles) -> None:
    assert (files.current(), files.pending(), files.key_ids()) == (None, None, [])
    files.prepare(OLD)
    assert files.pending() == OLD
    files.promote()
    assert (files.current(), files.pending()) == (OLD.certificate, None)
    files.prepare(NEW)
    files.promote()
    assert files.current() == NEW.certificate
    assert files.key_ids() == [NEW.certificate.key_id, OLD.certificate.key_id]
    assert files.holding(OLD.certificate.key_id.upper()) == [files.previous_path]
    assert sorted(path.name for path in files.path.parent.iterdir()) == ["caller.pem", "caller.pem.previous"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.path.parent.iterdir()} == {0o600}


def test_a_pair_that_was_not_accepted_is_discarded(files: KeyFiles) -> None:
    files.prepare(OLD)
    files.discard()
    files.discard()
    assert list(files.path.parent.iterdir()) == []


def test_half_of_a_pair_to_come_is_none(files: KeyFiles) -> None:
    files.pending_path.write_bytes(OLD.pem[:-100])
    assert files.pending() is None
    files.prepare(OLD)
    assert files.pending() == OLD


def _encrypted() -> bytes:
    key: Any = load_pem_private_key(OLD.pem, None)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    return bytes(private + load_der_x509_certificate(OLD.certificate.der).public_bytes(Encoding.PEM))


@pytest.mark.parametrize("content", [
    b"", b"precious", OLD.pem[:-100], OLD.pem.split(b"-----BEGIN CERT")[0], _encrypted(),
    NEW.pem.split(b"-----BEGIN CERT")[0] + b"-----BEGIN CERT" + OLD.pem.split(b"-----BEGIN CERT")[1],
])
def test_anything_else_at_the_path_is_refused(files: KeyFiles, content: bytes) -> None:
    files.path.write_bytes(content)
    with pytest.raises(InputError, match="does not hold a private key and its certificate") as caught:
        files.current()
    assert "PRIVATE" not in caught.value.message


def test_folders_that_are_not_there(tmp_path: Path) -> None:
    files = KeyFiles(tmp_path / "nowhere" / "caller.pem")
    with pytest.raises(InputError, match=r"path: .* cannot be written"):
        files.prepare(OLD)
    with pytest.raises(InputError, match=r"source_path: .* cannot be read"):
        read_file("source_path", str(tmp_path / "nowhere"))


def test_wherever_it_is_killed_a_pair_in_use_stays_and_the_next_run_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ends the process before each call that changes the disk, in turn, until there is no further one."""
    calls = {
        (os, "open"): os.open, (os, "fdopen"): os.fdopen, (os, "fsync"): os.fsync,
        (Path, "replace"): Path.replace, (Path, "unlink"): Path.unlink,
    }
    for number in range(100):
        folder = tmp_path / str(number)
        folder.mkdir()
        files = KeyFiles(folder / "caller.pem")
        files.prepare(OLD)
        files.promote()
        left = number

        def counting(call: Callable[..., Any]) -> Callable[..., Any]:
            def counted(*arguments: Any, **options: Any) -> Any:
                nonlocal left
                if left == 0:
                    raise Killed
                left -= 1
                return call(*arguments, **options)

            return counted

        with monkeypatch.context() as patch:
            for (place, name), call in calls.items():
                patch.setattr(place, name, counting(call))
            try:
                files.prepare(NEW)
                files.promote()
                done = True
            except Killed:
                done = False
        assert files.current() in (OLD.certificate, NEW.certificate)
        if files.current() == OLD.certificate:
            if files.pending() is None:
                files.prepare(NEW)
            assert files.pending() == NEW
            files.promote()
        assert files.current() == NEW.certificate
        assert files.key_ids() == [NEW.certificate.key_id, OLD.certificate.key_id]
        if done:
            assert number > 8
            return
    raise AssertionError("It never came to an end.")
