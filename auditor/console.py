"""What the command line shows while it works: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from auditor.commands.options import Listeners

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from auditor.baseline import Epoch

#: Seconds between two plain lines of a long task.
LINE_EVERY = 10.0


def printable(text: str, *, lines: bool = False) -> str:
    """Return text with control characters and direction overrides, which act on a terminal, as escapes.

    Line breaks, which names of files and classes can hold, too, except in text of several ``lines``.

    Examples
    --------
    >>> printable("a\\x1b[31mb\\u202e")
    'a\\\\x1b[31mb\\\\u202e'
    """
    return "".join(
        c if c.isprintable() or (lines and c == "\n") else c.encode("unicode_escape").decode() for c in text
    )


class MayBeClosed:
    """A standard stream whose reader may leave early, as ``head`` does: what follows goes nowhere.

    The work goes on to its end and leaves with the status that it earned: a reader who has seen enough is no
    finding and no error.

    Parameters
    ----------
    stream : TextIO
    gone : type of OSError
        What says that nobody reads: for standard error a full disk, too.
    """

    def __init__(self, stream: TextIO, gone: type[OSError] = BrokenPipeError) -> None:
        self._stream, self._gone = stream, gone

    def write(self, text: str) -> int:
        """Write text; returns its length."""
        try:
            return self._stream.write(text)
        except self._gone:
            self._to_nowhere()
            return len(text)

    def flush(self) -> None:
        """Flush."""
        try:
            self._stream.flush()
        except self._gone:
            self._to_nowhere()

    def _to_nowhere(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def amount(size: float) -> str:
    """Return a number of bytes for people.

    Examples
    --------
    >>> amount(999), amount(47_600_000)
    ('999 B', '47.6 MB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def show_plugin_warnings() -> None:
    """Print warnings about plug-ins as one line on stderr, without the line of code that Python adds."""
    import warnings

    from auditor.plugins import PluginWarning

    usual = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, PluginWarning):
            print("auditor: " + printable(" ".join(str(message).split())), file=sys.stderr, flush=True)
        elif sys.warnoptions:  # a library's is nothing to the user, unless they ask for it
            usual(message, category, *place, **more)

    warnings.showwarning = show


class Console:
    """Progress on stderr. Use as a context manager; `listeners` is what public functions are given."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.terminal = sys.stderr.isatty()
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._stage = ""
        self._began = self._said = 0.0

    def __enter__(self) -> Console:
        return self

    def __exit__(self, *exc: object) -> None:
        self._close()

    @property
    def listeners(self) -> Listeners:
        """The listeners to hand to a public function."""
        if self.quiet:
            return Listeners(notice=self.notice)
        return Listeners(
            stage=self.stage,
            notice=self.notice,
            scan=self.scanned,
            epoch=self.epoch,
            images=self.written,
            check=self.checked,
        )

    def say(self, text: str) -> None:
        """Print one line on stderr."""
        if not self.quiet:
            print(printable(text), file=sys.stderr, flush=True)

    def notice(self, text: str) -> None:
        """Print what the user should know on stderr; quiet or not, for it is no progress."""
        self._close()
        print(f"auditor: {printable(text)}", file=sys.stderr, flush=True)

    def stage(self, text: str) -> None:
        """Begin a stage."""
        self._close()
        self._stage, self._began, self._said = printable(text), time.monotonic(), time.monotonic()
        self.say(f"{self._stage} ...")

    def _close(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = self._task = None

    def _show(
        self, done: int, total: int, text: str, left: float | None = None, *, timed: bool = True
    ) -> None:
        if self.terminal:
            if self._progress is None:
                from rich.console import Console as RichConsole
                from rich.progress import (
                    BarColumn,
                    MofNCompleteColumn,
                    Progress,
                    TextColumn,
                    TimeRemainingColumn,
                )

                columns = (
                    BarColumn(),
                    MofNCompleteColumn(),
                    TextColumn("{task.description}"),
                    *([TimeRemainingColumn()] if timed else []),
                )
                self._progress = Progress(*columns, console=RichConsole(stderr=True), transient=True)
                self._task = self._progress.add_task("", total=total)
                self._progress.start()
            assert self._task is not None
            self._progress.update(self._task, completed=done, total=total, description=text)
        elif time.monotonic() - self._said >= LINE_EVERY:
            self._said = time.monotonic()
            left = (self._said - self._began) * (total - done) / max(done, 1) if left is None else left
            self.say(f"  {done:,} of {total:,}, {text}" + (f", {left:.0f} s left" if timed else ""))

    def scanned(self, done: int, total: int, size: int, unreadable: int) -> None:
        """Show how far a scan is."""
        seconds = max(time.monotonic() - self._began, 1e-6)
        self._show(
            done,
            total,
            f"{done / seconds:,.0f} images/s, {amount(size / seconds)}/s, {unreadable:,} unreadable",
        )
        if done == total:
            self._close()
            rate = f"{total / seconds:,.0f} images/s, {amount(size / seconds)}/s"
            self.say(f"  {total:,} images in {seconds:.1f} s ({rate}), {unreadable:,} unreadable")

    def written(self, done: int, total: int) -> None:
        """Show how far the writing of images is."""
        self._show(done, total, f"{done / max(time.monotonic() - self._began, 1e-6):,.0f} images/s")

    def checked(self, done: int, total: int, code: str) -> None:
        """Show which check runs; some take a thousand times as long as others, so no time is foretold."""
        self._show(done, total, code, timed=False)

    def epoch(self, epoch: Epoch) -> None:
        """Show one epoch of training."""
        text = f"{epoch.run}: {epoch.losses}"
        self._show(epoch.epoch, epoch.epochs, text, epoch.seconds_left)
