# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the actions share that run once for all hosts, on the controller."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragments ``mailops.modern_auth.once``, and ``.microsoft`` and ``.winrm`` for what they need to sign in."""

    DOCUMENTATION = r"""
options: {}
notes:
  - Run it once for all hosts, on the machine that runs Ansible, with C(run_once=true) and C(delegate_to=localhost).
"""

    MICROSOFT = r"""
options: {}
requirements:
  - msal >= 1.31
  - msal-extensions >= 1.2
  - msgraph-sdk >= 1.60
"""

    WINRM = r"""
options: {}
requirements:
  - pywinrm >= 0.5 (with the transport C(winrm))
"""
