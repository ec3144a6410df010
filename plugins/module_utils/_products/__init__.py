# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One file a product: its rules, and how its settings are written to and read from what it stores them in. All pure."""

from __future__ import annotations

from ansible_collections.mailops.modern_auth.plugins.module_utils._products import ici, team_assistant

PRODUCTS = {"ici": ici, "team_assistant": team_assistant}
