"""What auditor raises when it cannot do what was asked.

::

    AuditorError
    ├── UsageError        the call itself is wrong: an option, a name, a value
    ├── DataError         the input cannot be used: missing, empty, of an unknown layout
    ├── OutputError       the output folder or file cannot be written
    ├── NotFitError       the data is not what was audited, or its audit has open findings (raised by
    `auditor.check` alone) └── MissingExtraError a package of an extra is not installed (also an ImportError)

All of them leave the command line with status 2 and one line on stderr. Bad *data inside* a usable
input is never an error: it is a finding.
"""

from __future__ import annotations


class AuditorError(Exception):
    """Base of every error auditor raises on purpose.

    Parameters
    ----------
    expected : str
        What was expected.
    received : str
        What came instead.
    hint : str
        What to do next, in the imperative.

    Examples
    --------
    >>> print(DataError(expected="a folder of images", received="'nowhere', which does not exist", hint="check the path"))
    expected a folder of images; received 'nowhere', which does not exist; hint: check the path
    """

    def __init__(self, *, expected: str, received: str, hint: str) -> None:
        self.expected, self.received, self.hint = expected, received, hint
        super().__init__(expected, received, hint)

    def __str__(self) -> str:
        text = f"expected {self.expected}; received {self.received}; hint: {self.hint}"
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class UsageError(AuditorError):
    """The call is wrong: an unknown check, ratios that do not add up, a value out of range."""


class DataError(AuditorError):
    """The input cannot be used at all: it is missing, empty, or of a layout that is not understood."""


class OutputError(AuditorError):
    """The output cannot be written."""


class NotFitError(AuditorError):
    """The data is not what was audited, or its audit has open findings."""


class MissingExtraError(AuditorError, ImportError):
    """A package that belongs to an extra is not installed."""

    @classmethod
    def of(cls, package: str, extra: str) -> MissingExtraError:
        """Name the missing package and the extra that brings it."""
        return cls(
            expected=f"the package '{package}'",
            received="it is not installed",
            hint=f"pip install 'auditor[{extra}]'",
        )
