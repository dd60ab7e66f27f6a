"""Numbers and names as people read them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable

from auditor.finding import plural

__all__ = [
    "count",
    "fitted",
    "interval",
    "joined",
    "number",
    "plural",
    "quantity",
    "scope_beside",
    "sentence",
    "share",
    "shortened",
    "together",
    "visible",
    "width",
]

#: Stands for what a control character would do to the line.
SHOWN = {"\n": "␊", "\r": "␍", "\t": "␉", "\0": "␀"}
#: Factor between quantities beyond which each has decimals of its own.
MOST_APART = 1_000.0
#: Letters of a path that are shown before its middle is left out.
LONGEST = 60


def visible(text: str) -> str:
    """Return a text in which control and direction characters are seen instead of obeyed.

    Examples
    --------
    >>> visible("a\\nb"), visible("x\\u202egnp.exe")
    ('a␊b', 'x⟨U+202E⟩gnp.exe')
    """
    if text.isprintable():
        return text
    return "".join(
        SHOWN.get(c, f"⟨U+{ord(c):04X}⟩")
        if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c != "\u200d"
        else c
        for c in text
    )


def shortened(text: str, longest: int = LONGEST) -> str:
    """Leave out the middle of a long text.

    Examples
    --------
    >>> shortened("a" * 30 + "b" * 30, 11)
    'aaaaa…bbbbb'
    """
    if len(text) <= longest:
        return text
    half = (longest - 1) // 2
    return f"{text[: longest - 1 - half]}…{text[-half:]}"


#: Widths of letters of a proportional face, in those of an average small letter.
NARROW, BROAD = frozenset("fijlrtI.,:;!|'()[]-/ "), frozenset("mwMW@%&—…")
NARROWEST = 0.55


def width(text: str) -> float:
    """Return about how wide a text is, in average small letters.

    Examples
    --------
    >>> width("ab"), width("WW"), width("猫")
    (2.0, 3.0, 2.0)
    """

    def of(letter: str) -> float:
        if unicodedata.combining(letter) or letter in "\u200d\ufe0f":
            return 0.0
        if letter in NARROW:
            return NARROWEST
        if letter in BROAD:
            return 1.5
        return 2.0 if unicodedata.east_asian_width(letter) in "WF" else 1.25 if letter.isupper() else 1.0

    return round(sum(map(of, text)), 2)


def fitted(text: str, most: float) -> str:
    """Leave out the middle of a text that is wider than ``most`` average letters.

    Examples
    --------
    >>> fitted("outwear", 8), fitted("long-sleeved shirt", 10), fitted("WWWWWWWW", 8)
    ('outwear', 'long-…shirt', 'WW…WW')
    """
    text = visible(text)
    longest = min(len(text), int(most / NARROWEST) + 1)  # however long a name is, no more of it can fit
    while longest > 3 and width(shortened(text, longest)) > most:
        longest -= 1
    return shortened(text, longest)


def together(*values: float, unit: str = "") -> tuple[str, ...]:
    """Return quantities with the decimals of the one that needs most, so that they can be compared.

    Examples
    --------
    >>> together(0.402, 0.6), together(11, 10.25, unit="ratio")
    (('0.402', '0.600'), ('11.0 : 1', '10.2 : 1'))
    >>> together(0.05, 0.4123, unit="share"), together(0.004, 12)
    (('5.0 %', '41.2 %'), ('0.004', '12'))
    """
    factor, ending = {"share": (100.0, " %"), "ratio": (1.0, " : 1"), "": (1.0, "")}.get(
        unit, (1.0, f" {unit}")
    )
    scaled = [factor * v for v in values]
    sizes = [abs(v) for v in scaled if v and math.isfinite(v)]
    if not sizes or max(sizes) > MOST_APART * min(sizes) or not all(map(math.isfinite, scaled)):
        return tuple(quantity(v, unit) for v in values)
    decimals = min(
        max(len(number(v).partition(".")[2]) for v in scaled), max(2 - math.floor(math.log10(max(sizes))), 0)
    )
    return tuple(f"{v:,.{decimals}f}{ending}" for v in scaled)


def count(number: float) -> str:
    """Return a whole number with thousands apart.

    Examples
    --------
    >>> count(1234567)
    '1,234,567'
    """
    return f"{number:,.0f}"


def number(value: float, digits: int = 3) -> str:
    """Return a number with a few significant digits, never in exponents that a reader must decode.

    Examples
    --------
    >>> number(0.031), number(11.04), number(12345.6), number(0.0), number(4e-7)
    ('0.031', '11', '12,346', '0', '0.0000004')
    """
    if not math.isfinite(value):
        return "unbounded" if value > 0 else "unbounded below"
    if value == 0:
        return "0"
    if abs(value) >= 10**digits:
        return f"{value:,.0f}"
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def share(value: float) -> str:
    """Return a share of one in percent.

    Examples
    --------
    >>> share(0.1234), share(1.0), share(0.00654), share(0.99961)
    ('12.3 %', '100 %', '0.65 %', '99.96 %')
    """
    percent = 100 * value
    return f"{number(percent, 2 if 0 < percent < 1 else 4 if 99 < percent < 100 else 3)} %"


def quantity(value: float, unit: str) -> str:
    """Return an effect in its unit.

    Examples
    --------
    >>> quantity(11.0, "ratio"), quantity(0.05, "share"), quantity(3, "images"), quantity(0.031, "")
    ('11 : 1', '5 %', '3 images', '0.031')
    """
    if unit == "share":
        return share(value)
    if unit == "ratio":
        return f"{number(value)} : 1"
    return f"{number(value)} {unit}" if unit else number(value)


def interval(value: float, low: float, high: float, unit: str = "share") -> str:
    """Return an estimate with its interval.

    Examples
    --------
    >>> interval(0.9, 0.8512, 0.94), interval(11, 10, 12, "ratio")
    ('90.0 % (85.1 to 94.0)', '11 : 1 (10 : 1 to 12 : 1)')
    """
    if unit == "share":
        return f"{100 * value:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
    shown = together(value, low, high, unit=unit)
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def joined(words: Iterable[str]) -> str:
    """Return words as a list in a sentence.

    Examples
    --------
    >>> joined(["a", "b", "c"]), joined(["a"])
    ('a, b and c', 'a')
    """
    *first, last = list(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def sentence(text: str) -> str:
    """Return a text that starts with a capital and ends with a full stop.

    Examples
    --------
    >>> sentence("too few images")
    'Too few images.'
    """
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text[-1:] in '.!?' else '.'}"


def scope_beside(title: str, scope: str) -> str:
    """Return the scope of a finding, blank where its title names all parts of it.

    Examples
    --------
    >>> scope_beside("Noise differs between train and test", "train-test")
    ''
    >>> scope_beside("Too few images", "test")
    'test'
    """
    return "" if set(scope.split("-")) <= set(title.split()) else scope
