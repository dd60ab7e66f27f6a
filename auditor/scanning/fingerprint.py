"""The fingerprint of a data set: which pictures, under which labels."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def fingerprint(images: pd.DataFrame) -> str:
    """Return the SHA-256, in hexadecimal, over the sorted (path, label, file SHA-256) of a scan.

    The three are UTF-8 text, each ended by a NUL byte; a file that could not be read has a blank digest.
    Splits, times and row order do not enter, so that two people can tell whether they look at the same data.

    Examples
    --------
    >>> import pandas as pd
    >>> fingerprint(pd.DataFrame({"path": ["b", "a"], "label": ["x", "y"], "sha256": ["1", "2"]}))[:8]
    '32961c6a'
    """
    digest = hashlib.sha256()
    for row in sorted(zip(images["path"], images["label"], images["sha256"], strict=True)):
        for field in row:
            digest.update(str(field).encode("utf-8", "backslashreplace") + b"\0")
    return digest.hexdigest()
