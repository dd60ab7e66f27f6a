"""A training script that starts only on the data that was audited: ``python gate.py DATA AUDIT``.

``AUDIT`` is the output folder of ``auditor scan DATA -o AUDIT``, or its ``audit.json`` alone, which can be
kept beside the script.
"""

from __future__ import annotations

import sys

import auditor
from auditor.errors import NotFitError


def train(data: str) -> None:
    """Stand in for your training."""
    print(f"training on {len(auditor.open(data))} images")


def main() -> int:
    """Check, then train."""
    data, passport = sys.argv[1:]
    try:
        auditor.check(
            data, passport, fail_on="error"
        )  # other bytes, other labels, or an open error: no training
    except NotFitError as error:
        print(f"not fit to train on: {error}", file=sys.stderr)
        return 1
    train(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
