"""The acceptance tests' fixtures."""

from __future__ import annotations

from estates import estate, home

__all__ = ["estate", "home"]
