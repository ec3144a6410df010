"""What the integration tests may ask for."""

from __future__ import annotations

from exchange_world import exchange, exchange_rest
from mono import mono

__all__ = ["exchange", "exchange_rest", "mono"]
