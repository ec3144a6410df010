# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The one way in which Hypothesis runs: a loaded machine is slow, and that is no failure."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("mailops", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mailops")
