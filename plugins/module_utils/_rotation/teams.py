# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who shares an application, in the whole inventory. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.plan import examine, leaders
from ansible_collections.mailops.modern_auth.plugins.module_utils._plan.variables import TABLE

Facts = Mapping[str, Mapping[str, Any]]

#: The facts that say why a host ends with a failure.
FAILURES = frozenset({"__mail_report_failure", "__mail_rotation_unreached"})


def teams(hosts: Sequence[str], facts: Facts, inventory: Iterable[str]) -> dict[str, dict[str, Any]]:
    """By host that uses an application: whom it works with. Hosts without an application are left out::

        leader    the first of the hosts that share its application; it works on the application
        hosts     those of the hosts that share it
        team      those of the inventory that share it, whether this run knows them or not
        reader    the first leader that signs in to Entra ID in the same way; it reads for all of them

    :param hosts: those of the run, in the order of the inventory; each has its ``__mail_plan_data`` in the facts.
    :param facts: by host. Of those that are not among the hosts the variables are enough.
    """
    leading = leaders({host: facts[host]["__mail_plan_data"] for host in hosts})
    keys = {host: _key(host, facts) for host in dict.fromkeys([*hosts, *inventory])}
    readers: list[str] = []
    found: dict[str, dict[str, Any]] = {}
    for host, leader in leading.items():
        if host == leader:
            readers.append(host)
        found[host] = {
            "leader": leader,
            "hosts": [other for other, theirs in leading.items() if theirs == leader],
            "team": [other for other, key in keys.items() if key == keys[host]],
            "reader": found[leader]["reader"] if leader in found else _first_alike(leader, readers, facts),
        }
    return found


def involved(inventory: Iterable[str], facts: Facts, stage: str, turn: str) -> list[str]:
    """The hosts that a stage of the rotation is for, in the order of the inventory.

    :param facts: by host, what the stages before it left behind.
    :param stage: decide: the leaders; in a second round those of applications that are rid of an old secret now.
        read: those that read Entra ID for them. roll_out: the hosts to be given the newest secret. conclude: those of
        applications whose lock was taken. report: the first host, which prints, those that end with a failure, and
        those of a roll-out, of which the next one prints if the first was lost in it.
    :param turn: the round, any word.
    """
    # Each look at a host's facts has Ansible put all its variables together anew.
    known = {host: facts[host] for host in inventory if host in facts}
    known = {host: theirs for host, theirs in known.items() if "__mail_rotation_teams" in theirs}
    everybody: Mapping[str, Any] = next((theirs["__mail_rotation_teams"] for theirs in known.values()), {})
    lead = {host: known[everybody[host]["leader"]] for host in known if host in everybody}
    given = [host for host in lead if host in lead[host].get("__mail_rotation_hosts", [])]
    if stage == "report":
        return [host for host in known if host == next(iter(known)) or host in given or _has_failed(known[host])]
    leading = [host for host in lead if everybody[host]["leader"] == host]
    if stage == "roll_out":
        return [host for host in given if lead[host].get("__mail_rotation_ready") == turn]
    if stage == "conclude":
        return [host for host in lead if lead[host].get("__mail_rotation_locked") == turn]
    going_on = [host for host in leading if _goes_on(everybody[host], known)]
    return going_on if stage == "decide" else list(dict.fromkeys(everybody[host]["reader"] for host in going_on))


def _has_failed(known: Mapping[str, Any]) -> bool:
    return any(name in known for name in FAILURES)


def _goes_on(team: Mapping[str, Any], known: Facts) -> bool:
    """Whether there is something to decide about an application, for the first time or again."""
    members = [known[host] for host in team["hosts"]]
    if any(_has_failed(member) for member in members):
        return False
    retired = any(member.get("__mail_rotation_ending", {}).get("retire") for member in members)
    return retired or "__mail_rotation_decision" not in known[team["leader"]]


def _first_alike(leader: str, readers: Iterable[str], facts: Facts) -> str:
    entra = facts[leader].get("mail_entra")
    return next(reader for reader in readers if facts[reader].get("mail_entra") == entra)


def _key(host: str, facts: Facts) -> str | None:
    """What tells a host's application from others; None if it has none."""
    known = facts[host]
    if known.get("__mail_plan_data") is None:
        # A host that this run leaves out has its variables nevertheless.
        if known.get("mail_product") is None:
            return None
        extras = f"mail_{known['mail_product']}"
        plan, _problems = examine({name: known[name] for name in (*TABLE, extras) if name in known})
    else:
        plan = known["__mail_plan_data"]
    return None if plan["application"] is None else str(plan["application"]["key"])
