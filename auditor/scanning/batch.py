"""Some files to rows: what a worker does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from auditor.dataset import FileStat, Source, is_native
from auditor.scanning.decoders import ALIKE, PILLOW_REFUSES, refused_by_pillow
from auditor.scanning.measures import SUMS, measures, sums
from auditor.scanning.pixels import Unreadable, decode, decode_usual, reduction
from auditor.scanning.probe import Header
from auditor.scanning.schema import MEASURES, SIGNATURE_BYTES, Facts
from auditor.scanning.signature import perceptual_hash, signatures_of

#: Largest file that is read, in bytes: 2 GiB hold any picture that `MAX_PIXELS` lets through.
MAX_BYTES = 1 << 31
#: Pixels of the largest picture that waits until others of its size can be measured with it at once.
SMALL = 64 * 64
#: Facts that a header has under the same names.
SHARED = [
    "format",
    "mode",
    "width",
    "height",
    "bits",
    "orientation",
    "animated",
    "transparent",
    "trailing",
    "private",
]


class Item(NamedTuple):
    """One file to scan.

    ``row`` is its place among the samples, ``sha256`` its digest where it was scanned before, ``stat`` its
    size and time as last seen; ``white`` is what 16-bit pictures of its data set share, see
    `auditor.scanning.deep`.
    """

    row: int
    path: str
    sha256: str = ""
    stat: FileStat = FileStat(-1, -1)
    white: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Scanned files.

    Attributes
    ----------
    index : list of int
        Places among the samples.
    facts : list of Facts or None
        ``None`` for a file whose digest is as it was: its former row still holds.
    stats : list of FileStat
        Those of the items: taken before reading, so that a file that changes meanwhile does not look
        unchanged later.
    measures : ndarray of float64, shape (n, len(MEASURES))
        NaN where unreadable.
    signatures : ndarray of uint8, shape (n, SIGNATURE_BYTES)
        Zero where unreadable.
    """

    index: list[int]
    facts: list[Facts | None]
    stats: list[FileStat]
    measures: npt.NDArray[np.float64]
    signatures: npt.NDArray[np.uint8]

    def without(self, places: Sequence[int]) -> Rows:
        """Return the rows but those at some places."""
        if not places:
            return self
        keep = [place for place in range(len(self.index)) if place not in places]
        return Rows(
            [self.index[place] for place in keep],
            [self.facts[place] for place in keep],
            [self.stats[place] for place in keep],
            self.measures[keep],
            self.signatures[keep],
        )


#: Called with the place within the batch of the file that is about to be read; -1 once all are.
Mark = Callable[[int], None]
#: Says of a readable file's bytes and header what each further decoder makes of them.
Examine = Callable[[bytes, Header], str]


def facts_of_lost(path: str, defect: str, reason: str, source: Source | None = None) -> Facts:
    """Return the facts of a file that cost a worker its life; its size and digest are read once more."""
    size, digest = 0, ""
    if source is not None and not is_native(source):
        try:
            data = source.read(path)
            size, digest = len(data), hashlib.sha256(data).hexdigest()
        except OSError:
            pass
    return Facts(reason=reason, defect=defect, bytes=size, sha256=digest)


def _with_header(facts: Facts, header: Header) -> Facts:
    return facts._replace(
        **{name: getattr(header, name) for name in SHARED},
        jpeg_quality=header.quality,
        exif_camera=header.camera,
        exif_time=header.taken,
    )


def _why(error: OSError) -> tuple[str, str]:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return "missing", "missing"
    if isinstance(error, PermissionError):
        return "no-permission", "cannot be read: permission denied"
    if error.args == ("not a regular file",):
        return "not-a-file", "not a file: a folder, pipe or device"
    return "unavailable", f"cannot be read: {error.strerror or error}"


def scan_batch(
    source: Source,
    items: Sequence[Item],
    *,
    isolated: bool = True,
    mark: Mark | None = None,
    examine: Examine | None = None,
) -> tuple[Rows, list[Item]]:
    """Scan some files.

    Parameters
    ----------
    source, items
        Where the bytes are, and of which files.
    isolated : bool
        Whether this process may be lost to a decoder.
    mark : callable, optional
        Told which file is next, for whoever watches over this process.
    examine : callable, optional
        Tries further decoders.

    Returns
    -------
    rows : Rows
        In the order of the items.
    left : list of Item
        Files that need an isolated process; none if this one is.
    """
    index: list[int] = []
    facts: list[Facts | None] = []
    stats: list[FileStat] = []
    left: list[Item] = []
    waiting: dict[tuple[int, ...], list[tuple[int, npt.NDArray[np.uint8]]]] = {}
    readable: list[int] = []
    totals = np.zeros((len(items), 256 + SUMS))
    signatures = np.zeros((len(items), SIGNATURE_BYTES), dtype=np.uint8)

    def measure(rows: list[int], pictures: npt.NDArray[np.uint8], reduced: int) -> None:
        totals[rows], signatures[rows] = sums(pictures, reduced), signatures_of(pictures)
        readable.extend(rows)

    for place, item in enumerate(items):
        if mark:
            mark(place)
        try:
            found, pixels = _scan(source, item, isolated, examine)
            if pixels is not None and found is not None:
                reduced, row = reduction(found.width, found.height), len(index)
                if pixels.shape[0] * pixels.shape[1] <= SMALL:
                    waiting.setdefault((reduced, *pixels.shape), []).append((row, pixels))
                else:
                    measure([row], pixels[None], reduced)
        except MemoryError:
            found = Facts(reason="memory: it needs more than a worker may use", defect="memory")
        except NeedsIsolation:
            left.append(item)
            continue
        index.append(item.row)
        facts.append(found)
        stats.append(item.stat)
    for (reduced, *_), pictures in waiting.items():
        measure([row for row, _ in pictures], np.stack([pixels for _, pixels in pictures]), reduced)
    if mark:
        mark(-1)
    signatures = signatures[: len(index)]
    numbers = np.full((len(index), len(MEASURES)), np.nan)
    if readable:
        numbers[readable] = measures(totals[readable])
        _add_hashes(facts, readable, signatures)
    return Rows(index, facts, stats, numbers, signatures), left


def _add_hashes(facts: list[Facts | None], readable: list[int], signatures: npt.NDArray[np.uint8]) -> None:
    for place, value in zip(readable, perceptual_hash(signatures[readable]), strict=True):
        row_facts = facts[place]
        assert row_facts is not None
        facts[place] = row_facts._replace(phash=f"{int(value):016x}")


class NeedsIsolation(Exception):
    """The file is unusual, and may cost the process that decodes it its life."""


def _scan(
    source: Source, item: Item, isolated: bool, examine: Examine | None
) -> tuple[Facts | None, npt.NDArray[np.uint8] | None]:
    """Return facts and pixels of one file; no facts if its digest is as it was; raises `NeedsIsolation`."""
    size = max(item.stat.size, 0)
    if size > MAX_BYTES:
        return Facts(reason=f"too large: {size / 1e9:.1f} GB", defect="too-large", bytes=size), None
    if not isolated and is_native(source):
        raise NeedsIsolation
    try:
        data = source.read(item.path)
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        defect, reason = _why(error) if isinstance(error, OSError) else ("missing", "missing")
        return Facts(reason=reason, defect=defect, bytes=size), None
    digest = hashlib.sha256(data).hexdigest()
    if digest == item.sha256:
        return None, None
    try:
        decoded = decode(data, item.white) if isolated else decode_usual(data, item.white)
    except Unreadable as error:
        found = Facts(
            reason=str(error), defect=error.defect, bytes=len(data), sha256=digest, survives=error.survives
        )
        return _with_header(found, error.header), None
    if decoded is None:
        raise NeedsIsolation
    found = Facts(
        status="ok", bytes=len(data), sha256=digest, pixel_digest=decoded.pixel_digest, defect=decoded.defect
    )
    found = _with_header(found, decoded.header)
    said = examine(data, decoded.header) if examine else ""
    if decoded.header.usual and refused_by_pillow(data, decoded.header):
        said = " / ".join([PILLOW_REFUSES, *(part for part in [said] if part not in ("", ALIKE))])
    return found._replace(decoders=said), decoded.pixels
