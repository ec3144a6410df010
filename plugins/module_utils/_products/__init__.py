# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One file a product: its rules, and what its settings mean. Found by the file's name. All pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from ansible_collections.mailops.modern_auth.plugins.module_utils import _registry as registry
from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import Table
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._part import Part
from ansible_collections.mailops.modern_auth.plugins.module_utils._products._present import Present


class Product(Protocol):
    """What a product's file has. ``PRESENT``, a Present of _present.py, is there if what it is configured with, by
    whomever, can be read; see present_of.
    """

    #: The keys of the variable that is called as the product is, ``mail_NAME``.
    EXTRAS: Table

    def part(self, wanted: Mapping[str, Any], problems: list[str]) -> Part | None:
        """What the settings mean for the product.

        :param wanted: what was read of the ``mail_*`` variables, by their names.
        :param problems: what the product cannot do is appended.
        """


PRODUCTS: Mapping[str, Product] = {
    name: cast(Product, registry.named(__name__, __path__, name, "product")) for name in registry.names(__path__)
}


def present_of(name: str) -> Present | None:
    """How what the product of that name is configured with is read; None if nobody knows."""
    return cast(Present | None, getattr(PRODUCTS.get(name), "PRESENT", None))
