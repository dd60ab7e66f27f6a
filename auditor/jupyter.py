"""Progress in a notebook: one line that changes in place."""

from __future__ import annotations

import html
import sys
import time
from typing import Any

#: Seconds between two changes of the line: more often than this, messages to the browser queue up.
EVERY = 0.2


def in_notebook() -> bool:
    """Whether this runs in the kernel of a notebook; IPython is not imported to find out."""
    if "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None


class Line:
    """A line of progress; its methods are listeners.

    The display is made by the first call, so that nothing is shown where nothing happens.
    """

    def __init__(self) -> None:
        self._display: Any = None
        self._stage = ""
        self._began = self._shown = 0.0

    def stage(self, text: str) -> None:
        """Begin a stage."""
        self._stage, self._began = text, time.monotonic()
        self._show(text, always=True)

    def scanned(self, done: int, total: int, _size: int, unreadable: int) -> None:
        """Show how far a scan is."""
        bad = f", {unreadable:,} unreadable" if unreadable else ""
        self._show(
            f"{self._stage}: {done:,} of {total:,}{self._rate(done)}{bad}",
            always=done == total,
            share=done / max(total, 1),
        )

    def written(self, done: int, total: int) -> None:
        """Show how far the writing of images is."""
        self._show(
            f"{self._stage}: {done:,} of {total:,}{self._rate(done)}",
            always=done == total,
            share=done / max(total, 1),
        )

    def epoch(self, epoch: Any) -> None:
        """Show one epoch of training."""
        text = f"{epoch.run}: epoch {epoch.epoch} of {epoch.epochs}, {epoch.losses}"
        self._show(text, always=epoch.epoch == epoch.epochs, share=epoch.epoch / max(epoch.epochs, 1))

    def _rate(self, done: int) -> str:
        seconds = time.monotonic() - self._began
        return f", {done / seconds:,.0f} images/s" if seconds > EVERY else ""

    def _show(self, text: str, *, always: bool, share: float | None = None) -> None:
        now = time.monotonic()
        if not always and now - self._shown < EVERY:
            return
        self._shown = now
        import IPython.display

        seen = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
        bar = (
            ""
            if share is None
            else f'<progress max="1" value="{share:.3f}" style="vertical-align: middle"></progress> '
        )
        content = {"text/html": f"<div>{bar}{html.escape(seen)}</div>", "text/plain": seen}
        if self._display is None:
            self._display = IPython.display.display(content, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._display.update(content, raw=True)
