"""Reading within a time budget: it ends while there is time for the checks of what was read."""

from __future__ import annotations

import time
from collections.abc import Iterator

from auditor.scanning.batch import Item

#: Seconds of the checks and the report, at least and per image (benchmarks/scale.py).
CHECKS_SECONDS, CHECKS_PER_IMAGE = 1.5, 5e-4
#: CPU seconds of reading an image, besides those per byte, on a quiet machine (benchmarks/scan.py).
READ_PER_IMAGE = 4e-4
#: CPU seconds of reading a byte (benchmarks/scan.py).
SECONDS_PER_BYTE = 3e-8
#: A machine is taken to be at most this many times slower than a quiet one.
MAX_SLOWNESS = 20.0
#: Seconds of reading before slowness is judged: any moment may be slow.
JUDGED_SECONDS = 1.0
#: Time kept for the checks, in what they should take: a busy machine may grow busier.
MARGIN = 1.25


def draw_until(deadline: float, batches: Iterator[list[Item]], known: int, jobs: int) -> Iterator[list[Item]]:
    """Draw batches while there is time for them and for the checks of all images; at least one.

    The checks are taken to be as much slower than on a quiet machine as the reading was. That is judged from
    the first batch that came back, as workers take time to start.

    Parameters
    ----------
    deadline : float
        On the monotonic clock.
    batches : iterator of list of Item
    known : int
        Images that need not be read, but are checked.
    jobs : int
        Workers: as many batches are handed out before the first comes back.
    """
    read, returned, size, started = 0, 0, 0, 0.0
    for place, batch in enumerate(batches):
        now = time.monotonic()
        if place == jobs:
            started = now
        slowness = 1.0
        if returned and now - started >= JUDGED_SECONDS:
            usual = (returned * READ_PER_IMAGE + size * SECONDS_PER_BYTE) / jobs
            slowness = min(max((now - started) / usual, 1.0), MAX_SLOWNESS)
        checks = CHECKS_SECONDS + (known + read) * CHECKS_PER_IMAGE
        if read and now + MARGIN * slowness * checks >= deadline:
            return
        read += len(batch)
        if place >= jobs:  # a batch has come back for each that is handed out
            returned += len(batch)
            size += sum(max(item.stat.size, 0) for item in batch)
        yield batch


__all__ = ["SECONDS_PER_BYTE", "draw_until"]
