"""Sources whose files misbehave in a worker, and only there."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass

import numpy as np

from auditor.dataset import FileStat, LocalFiles


@dataclass(frozen=True)
class Hostile:
    """Does what the file's name says, in the scan's workers and nowhere else."""

    files: LocalFiles

    @property
    def root(self) -> str:
        return self.files.root

    def stat(self, path: str) -> FileStat:
        return self.files.stat(path)

    def read(self, path: str) -> bytes:
        if getattr(sys.modules["__main__"].__spec__, "name", "") == "auditor.scanning.worker":
            if "crash" in path:
                os.kill(os.getpid(), signal.SIGSEGV)
            elif "exit" in path:
                os._exit(0)
            elif "endless" in path:
                time.sleep(600)
            elif "hungry" in path:
                np.ones(40 << 30, dtype=np.uint8)
        return self.files.read(path)
