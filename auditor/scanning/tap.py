"""Listening to what libjpeg prints: it shows corrupt pictures without an error, but says so on standard error."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Tap:
    """The file that stands in for standard error while a batch is decoded, and how far it has been read."""

    fd = -1
    position = 0


def _heard() -> str:
    """Return what was printed since the last time."""
    size = os.fstat(_Tap.fd).st_size if _Tap.fd >= 0 else 0
    if size <= _Tap.position:
        return ""
    text = os.pread(_Tap.fd, size - _Tap.position, _Tap.position).decode("utf-8", "replace")
    _Tap.position = size
    return text


@contextmanager
def tapped() -> Iterator[Callable[[], str]]:
    """Catch what native code prints to standard error, and yield the function that returns what came since its last call.

    Nests at no cost, so that a whole batch is wrapped once. Where standard error is closed, nothing is heard.
    """
    if _Tap.fd >= 0:
        yield _heard
        return
    try:
        saved = os.dup(2)
    except OSError:
        yield lambda: ""
        return
    try:
        with tempfile.TemporaryFile(buffering=0) as stand_in:
            os.dup2(stand_in.fileno(), 2)
            _Tap.fd, _Tap.position = stand_in.fileno(), 0
            try:
                yield _heard
            finally:
                _Tap.fd = -1
                os.dup2(saved, 2)
    finally:
        os.close(saved)
