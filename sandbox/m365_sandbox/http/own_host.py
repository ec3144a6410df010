"""Whether a request was meant for this machine: a page whose name leads to loopback is not."""

from __future__ import annotations

from urllib.parse import urlsplit

HOSTS = ("127.0.0.1", "localhost")


def is_own_host(host: str) -> bool:
    """Whether a header Host names this machine's loopback interface."""
    try:
        return urlsplit(f"//{host}").hostname in HOSTS
    except ValueError:
        return False
