# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Token sources are found by their names, and the options offer those that there are."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailops.modern_auth.plugins.module_utils import _auth
from ansible_collections.mailops.modern_auth.plugins.module_utils import _registry as registry
from ansible_collections.mailops.modern_auth.plugins.module_utils._auth import token_source
from ansible_collections.mailops.modern_auth.plugins.module_utils._connection import AUTH_SOURCES
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError


def test_each_that_the_options_offer_has_a_file() -> None:
    assert set(AUTH_SOURCES) - {"auto"} <= set(registry.names(_auth.__path__))


def test_what_is_not_there_is_said_with_the_nearest() -> None:
    with pytest.raises(InputError, match="'client_sercet' is no token source; did you mean client_secret"):
        token_source({"auth_source": "client_sercet"})
    # What only helps the others is none.
    with pytest.raises(InputError, match="'_http' is no token source"):
        token_source({"auth_source": "_http"})


@pytest.mark.parametrize(
    "given", [{"access_token": "a"}, {"auth_source": "auto", "access_token": "a", "client_secret": "s"}]
)
def test_the_first_that_is_configured_is_taken(given: dict[str, str]) -> None:
    assert token_source(given).token("any") == "a"


def test_a_token_file_that_holds_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"federated_token_file: .*token holds no token"):
        token_source({"tenant_id": "t", "client_id": "c", "federated_token_file": str(tmp_path / "token")})


def test_a_secret_comes_before_a_certificate() -> None:
    with pytest.raises(InputError, match="tenant_id is missing; signing in with auth_source client_secret needs it"):
        token_source({"client_secret": "s", "certificate_path": "/nowhere"})
