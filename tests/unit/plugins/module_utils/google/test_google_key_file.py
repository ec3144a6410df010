# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Key files are read, and whatever is none is refused without a word of it."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from ansible_collections.mailops.modern_auth.plugins.module_utils._google.key_file import content_of, load, parse
from ansible_collections.mailops.modern_auth.tests.unit.google_keys import (
    ACCOUNT,
    END,
    as_json,
    as_p12,
    certificate,
    pem,
)
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st


def test_a_json_file_says_all_but_its_age_and_its_end() -> None:
    key = parse(as_json(), "here")
    assert (key.service_account, key.key_id, key.client_id, key.format, key.issued, key.expires) == (
        ACCOUNT, "ab" * 20, "123456789012345678901", "json", None, None,
    )
    assert key.private_key == pem()
    assert "PRIVATE" not in repr(key)


def test_a_p12_file_says_its_age_its_end_and_its_certificates_thumbprint() -> None:
    key = parse(as_p12(), "here", service_account=ACCOUNT)
    assert (key.service_account, key.key_id, key.format, key.issued, key.expires) == (
        ACCOUNT, certificate().fingerprint(hashes.SHA1()).hex(), "p12", END - timedelta(days=3650), END,
    )
    assert key.private_key == pem()
    assert parse(as_p12(b"other"), "here", "other", ACCOUNT).private_key == pem()


def test_it_comes_from_a_file_or_from_a_value(tmp_path: Path) -> None:
    file = tmp_path / "key.p12"
    file.write_bytes(as_p12())
    assert load({"key_file": str(file), "service_account": ACCOUNT}, "mail_google").format == "p12"
    given = base64.encodebytes(as_p12()).decode()
    assert load({"key": given, "service_account": ACCOUNT}, "mail_google").format == "p12"
    assert load({"key": as_json().decode()}, "mail_google").format == "json"


@pytest.mark.parametrize(("content", "options", "words"), [
    (b"", {"service_account": ACCOUNT}, "here: is no P12 file"),
    (b"{", {}, "here: begins as JSON, but is none"),
    (as_json(type="authorized_user"), {}, "here: is no key of a service account, but a person's sign-in"),
    (b'{"installed": {}}', {}, "but the client of a desktop application"),
    (b'{"hello": 1}', {}, "but something else"),
    (as_json(private_key=None, private_key_id=None), {}, "lacks private_key_id, private_key"),
    (as_json(client_email=7), {}, "lacks client_email"),
    (as_json(private_key="-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), {}, "is damaged"),
    (as_json(private_key=pem(ec.generate_private_key(ec.SECP256R1()))), {}, "is no RSA key"),
    (as_json(), {"service_account": "other@project.iam.gserviceaccount.com"}, f"is a key of {ACCOUNT}, not of other@"),
    (as_p12(), {}, "mail_google.service_account: is needed with a P12 file"),
    (as_p12(), {"service_account": ACCOUNT, "password": "wrong"}, "its password is another than key_password"),
])
def test_what_is_no_key_is_refused(content: bytes, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(content, "here", **options)
    assert words in refused.value.message
    assert "PRIVATE" not in refused.value.message


@pytest.mark.parametrize(("options", "words"), [
    ({}, "mail_google.key_file: is needed"),
    ({"key_file": "a", "key": "b"}, "mail_google.key_file: is needed, or mail_google.key, and not both"),
    ({"key_file": "/nowhere/key.json"}, "mail_google.key_file: /nowhere/key.json cannot be read"),
    ({"key": "!"}, "mail_google.key: is neither JSON nor a P12 file in base64"),
])
def test_where_it_comes_from_is_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as refused:
        content_of(options, "mail_google")
    assert words in refused.value.message


@given(st.one_of(
    st.binary(max_size=200), st.binary(max_size=60).map(lambda tail: as_p12()[:-40] + tail),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["type", "client_email", "private_key", "private_key_id"]) | st.text(), inner,
    )).map(lambda value: b"{" + json.dumps(value).encode()[1:]),
))
def test_no_content_raises_anything_else(content: bytes) -> None:
    with pytest.raises(InputError):
        parse(content, "here", service_account=ACCOUNT)
