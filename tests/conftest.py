"""What tests of every folder may ask for. Being here also makes ``sandbox_fixture`` importable from all of them."""

from __future__ import annotations

from sandbox_fixture import clean, sandbox

__all__ = ["clean", "sandbox"]
