# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What ansible-test loads before the unit tests, as pytest does."""

from __future__ import annotations

from ansible_collections.mailops.modern_auth.tests.unit import hypothesis_profile

__all__ = ["hypothesis_profile"]
