# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the rotation of an application's client secret does next. All but processes.py is pure; the role acts.

Beside what _entries.py says, the rotation keeps in an entry::

    previous.remove_after   from when on the previous credential may go
    pending.failure         why its last roll-out was taken back
    awaiting                [hosts] that were not yet proven with the newest credential: pending, or else current
    leaving                 [key ids] of credentials that no host may have any more once nobody is awaited
    lock                    {run, host, process, until, key_ids}, of the run that works on the application

One rule carries everything: **a credential that works is removed only after every host was proven with another one
since the day on which that was decided.** To remove the previous credential, or a managed one that no store knows,
means to put it into ``leaving`` and every host into ``awaiting``; it goes when ``awaiting`` is empty. So a host that
was set up with an older credential meanwhile, or restored from a backup, is brought back before it is harmed. Adding a
credential when there are two has to wait for that, so a run has two rounds.

Every step of a run may be the last one, and is finished by the next run:

- Locked, nothing made: the process is gone, or the lease over, and the next run takes the lock over.
- Made, not stored: it is managed, in no slot, not among the ``key_ids`` that the lock remembers from before it was
  made, and not made after the lease, so it never left the run that made it. It is removed at once, before another one
  is made. A lock that is taken over keeps its ``key_ids``, since a lagging replica may not show such a credential to
  the first run that follows. One made after the lease tells that the entry, lock included, came back from a backup.
  A backup from the second or two between a lock and the storing of its own secret is not told apart: where it comes
  back, servers miss that secret until the same run brings them the next one.
- Stored as pending: it is rolled out to whoever is awaited. A host that had been given it before the record of its
  proof is given it again, which changes nothing.
- Proven, not made current: a pending credential that was proven on some host, and failed on none, becomes current.
- Taken back: every host that gets an older credential is put into ``awaiting`` before it is touched, so that none
  counts as proven with what it does not have. If that cannot be stored, hosts keep what they have, and the next run
  goes on.
- Removed in Entra ID, not in the store: it is dropped.

Two runs: every change of an entry replaces the revision that was read before it, so one of two locks fails. Entra ID
is read after the entry, hence what was read is true for whoever gets the lock: it is not touched without one. A run
whose lease is over may still be alive, if it hung. Its writes fail; what it does on a host leaves a credential there
that works, by the rule above. Only if it hung between its lock and its making of a secret, for longer than the lease,
there is one secret too many until it finds that its write fails, and removes it.

Never more than two managed credentials: a new one waits until the previous one, or one that no store knows, is gone.

Hosts that the inventory does not know (any more) stay in ``awaiting``, in case it is another inventory that knows
them. They are forgotten when every other credential that they could have has expired.

Ids of credentials are compared in lower case. Moments are ISO 8601 texts and the tenant's, never the machine's.
"""

from __future__ import annotations

from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.decision import decide
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.seen import Seen, Terms, due, newest, until
from ansible_collections.mailops.modern_auth.plugins.module_utils._rotation.steps import (
    added,
    concluded,
    ending,
    fallback,
    locked,
    proven,
    removed,
    retirable,
    taken_back,
)

__all__ = [
    "Seen",
    "Terms",
    "added",
    "concluded",
    "decide",
    "due",
    "ending",
    "fallback",
    "locked",
    "newest",
    "proven",
    "removed",
    "retirable",
    "taken_back",
    "until",
]
