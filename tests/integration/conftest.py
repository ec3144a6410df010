"""What the integration tests may ask for."""

from __future__ import annotations

from exchange_world import exchange, exchange_rest

__all__ = ["exchange", "exchange_rest"]
