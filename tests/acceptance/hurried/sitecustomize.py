# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Long waits end at once in every Python with this folder in PYTHONPATH, so that minutes asked for need not pass."""

from __future__ import annotations

import asyncio
import time
from typing import Any

#: Seconds from which on a wait is long. What the collection waits for of its own accord is shorter.
LONG = 100.0
_sleep, _sleep_in_loop = time.sleep, asyncio.sleep


def sleep(seconds: float) -> None:
    """In place of time.sleep."""
    _sleep(0 if seconds > LONG else seconds)


async def sleep_in_loop(delay: float, result: Any = None) -> Any:
    """In place of asyncio.sleep."""
    return await _sleep_in_loop(0 if delay > LONG else delay, result)


time.sleep, asyncio.sleep = sleep, sleep_in_loop
