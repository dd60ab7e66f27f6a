"""Work with native code on a file that may be damaged, in a process that may be lost to it.

The process is started when first asked for, goes on until `end`, and is started again where a file ended it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import selectors
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

#: Seconds after which a call is given up: labels of a shard with a million rows take seconds.
PATIENCE = 300.0
#: Bytes that say how long an answer is.
LENGTH = 8
#: Where the package `auditor` is.
PACKAGE = str(Path(__file__).resolve().parents[2])
_process: list[subprocess.Popen[bytes]] = []


def call(function: str, *arguments: Any) -> Any:
    """Return what a function, named ``module:function``, returns there.

    Raises
    ------
    OSError
        The process ended, or did not answer.
    Exception
        What the function raised.
    """
    if not _process:
        _process.append(_started())
    process = _process[0]
    assert process.stdin is not None and process.stdout is not None
    try:
        _send(process.stdin, (function, arguments))
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(PATIENCE):
                process.kill()
                raise OSError(f"reading it took more than {PATIENCE:g} seconds")
        raised, value = _receive(process.stdout)
    except (EOFError, BrokenPipeError):
        end()
        raise OSError("damaged: it ended the process that read it") from None
    except OSError:
        end()
        raise
    if raised:
        raise value
    return value


def end() -> None:
    """End the process, if there is one."""
    while _process:
        process = _process.pop()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        process.wait()


def _started() -> subprocess.Popen[bytes]:
    # -P: never import from the folder that the caller happens to be in.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "auditor.readers.apart"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([PACKAGE, *filter(None, sys.path)])},
    )


def _send(stream: IO[bytes], value: Any) -> None:
    data = pickle.dumps(value)
    stream.write(len(data).to_bytes(LENGTH, "little") + data)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    length = stream.read(LENGTH)
    data = stream.read(int.from_bytes(length, "little"))
    if len(length) < LENGTH or len(data) < int.from_bytes(length, "little"):
        raise EOFError
    return pickle.loads(data)  # noqa: S301 - of this program's own process


def main() -> None:
    """Answer calls until the caller is gone."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what native code prints is no answer
    while True:
        try:
            function, arguments = _receive(sys.stdin.buffer)
        except EOFError:
            return
        module, _, name = function.partition(":")
        try:
            answer = (False, getattr(importlib.import_module(module), name)(*arguments))
        except (OSError, ValueError) as error:
            answer = (
                True,
                type(error)(str(error)) if type(error) in (OSError, ValueError) else OSError(str(error)),
            )
        except Exception as error:  # native libraries' are of many kinds
            answer = (True, ValueError(f"{type(error).__name__}: {error}"))
        _send(answers, answer)


if __name__ == "__main__":
    main()
