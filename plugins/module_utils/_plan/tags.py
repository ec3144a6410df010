# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tags that no step has. Ansible runs nothing for them, and says nothing. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ansible_collections.mailops.modern_auth.plugins.module_utils._keys import did_you_mean, nearest_of

#: What the playbooks' steps can be chosen by.
STEPS = ("plan", "preflight", "identity", "access", "provider", "delivery")
#: Ansible's own: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_tags.html
_SPECIAL = frozenset({"all", "always", "never", "tagged", "untagged"})


def unknown(given: Mapping[str, Collection[str]], tags: Collection[str]) -> list[str]:
    """A sentence for each tag that a run was given and no step has.

    :param given: the tags, by the option that gave them.
    :param tags: those that the step itself got in somebody's own playbook.
    """
    known = {*STEPS, *_SPECIAL, *tags}
    return [
        f"{option} {tag}: no step has this tag{did_you_mean(nearest_of(tag, STEPS)) or '.'} "
        f"The steps are {', '.join(STEPS)}."
        for option, names in given.items() for tag in names if tag not in known
    ]
