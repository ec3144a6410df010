"""The acceptance tests' fixtures."""

from __future__ import annotations

from administrators import administrator
from estates import estate, home

__all__ = ["administrator", "estate", "home"]
