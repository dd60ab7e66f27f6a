"""Which pictures a report shows, and making them small."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest
from typing import TYPE_CHECKING

from auditor.dataset import Source
from auditor.finding import Finding, Severity
from auditor.record import Record
from auditor.reports.reviewed import asked_for, decided_paths, still_to_ask

if TYPE_CHECKING:
    from PIL.Image import Image

#: Pictures of a report at most: at about 3 KB each they leave half of the 5 MB that a report may weigh to
#: everything else.
LIMIT = 600
#: Longest side of a thumbnail, in pixels.
SIDE = 96
#: Examples of each class.
EXAMPLES = 6
#: Evidence rows of one finding whose pictures are wanted before other findings have had theirs.
ROWS = 24
#: Outliers of a finding that passes: there are few, and they are worth a look all the same.
SETTLED = 8
#: The most confident mistakes of the baseline that are shown.
MISTAKES = 24
#: Bytes above which a thumbnail is encoded once more at a lower quality.
HEAVY = 5_000
#: Effort of the encoder: half the time of Pillow's default of 4, and 4 % more bytes.
METHOD = 2


def wanted(record: Record, limit: int = LIMIT) -> list[str]:
    """Return the paths of the pictures that the report shows, the most needed first.

    Open findings get theirs in turns, worst rows first; then come the baseline's mistakes, what was augmented
    and examples of each class.
    """
    readable = set(record.images.loc[record.images["status"] == "ok", "path"])
    classes = list(islice(_in_turns(_examples(record).values()), limit // 4))
    others = [
        *asked_for(record.findings), *classes, *_augmented(record), *_mistakes(record), *_settled(record)
    ]  # fmt: skip
    room = limit - len(set(others) & readable)
    found: dict[str, None] = {}
    decided = decided_paths(record.images)
    queue = _in_turns(_evidence(f, decided) for f in (*record.findings, *record.split_findings) if f.is_shown)
    for path in queue:
        if len(found) >= room:
            break
        if path in readable:
            found[path] = None
    found.update(dict.fromkeys(p for p in others if p in readable))
    return list(found)[:limit]


def class_examples(record: Record) -> dict[str, list[str]]:
    """Return a few readable images of each class, spread evenly over its paths."""
    return _examples(record)


def make_thumbnails(source: Source, paths: Iterable[str], side: int = SIDE) -> dict[str, bytes]:
    """Return small pictures as WebP, by path; what cannot be read or decoded is left out.

    Parameters
    ----------
    source : Source
        Gives the bytes of a path.
    paths : iterable of str
    side : int
        Longest side, in pixels. Pictures of less than half of it are enlarged by a whole factor, so that
        their pixels can be seen.
    """
    import warnings

    made: dict[str, bytes] = {}
    for path in paths:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # odd metadata is the scan's business
                made[path] = _shrink(source.read(path), side)
        except Exception:  # noqa: S112 - decoders raise a dozen kinds; the scan has already said what is wrong with the file
            continue
    return made


def _shrink(data: bytes, side: int) -> bytes:
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data)) as opened:
        opened.draft(
            "RGB", (side, side)
        )  # the smallest that JPEG decoding gives without falling below the thumbnail
        image = _to_rgb(ImageOps.exif_transpose(opened))
    longest = max(image.size)
    if longest > side:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    elif longest * 2 <= side:
        image = image.resize(
            (image.width * (side // longest), image.height * (side // longest)), Image.Resampling.NEAREST
        )
    for quality in (75, 45):
        out = io.BytesIO()
        image.save(out, "WEBP", quality=quality, method=METHOD)
        if out.tell() <= HEAVY:
            break
    return out.getvalue()


def _to_rgb(image: Image) -> Image:
    """Any mode as 8-bit RGB; 16-bit grey is scaled, not clipped; what is transparent becomes grey."""
    import numpy as np
    from PIL import Image

    from auditor.scanning.deep import from_deep

    if image.mode.startswith("I"):
        return Image.fromarray(from_deep(np.clip(np.asarray(image), 0, 65535).astype(np.uint16))).convert(
            "RGB"
        )
    if image.mode == "F":
        grey = np.asarray(image, dtype=np.float64)
        top = max(float(np.nanmax(grey, initial=0.0)), 1.0)
        return Image.fromarray(np.clip(np.nan_to_num(grey) / top * 255.0, 0, 255).astype(np.uint8)).convert(
            "RGB"
        )
    if "A" in image.getbands() or "transparency" in image.info:
        above = image.convert("RGBA")
        below = Image.new("RGBA", above.size, (160, 160, 160, 255))
        return Image.alpha_composite(below, above).convert("RGB")
    return image.convert("RGB")


def _in_turns(queues: Iterable[Iterable[str]]) -> Iterator[str]:
    for turn in zip_longest(*queues):
        yield from (path for path in turn if path is not None)


def _evidence(finding: Finding, decided: frozenset[str]) -> list[str]:
    if finding.examples is None:
        return []
    columns = [c for c in ("path", "other_path") if c in finding.examples]
    return [
        p
        for row in still_to_ask(finding.examples, decided)[columns].head(ROWS).itertuples(index=False)
        for p in row
        if isinstance(p, str) and p
    ]


def _examples(record: Record) -> dict[str, list[str]]:
    images = record.images
    readable = images[(images["status"] == "ok") & (images["label"] != "")]
    found: dict[str, list[str]] = {}
    for label, paths in readable.groupby("label", sort=True)["path"]:
        step = max(len(paths) // EXAMPLES, 1)
        found[str(label)] = paths.iloc[::step].head(EXAMPLES).tolist()
    return found


def _augmented(record: Record) -> list[str]:
    return [e["before"] for e in (record.augmentation or {}).get("examples", [])]


def _settled(record: Record) -> list[str]:
    passing = [
        f
        for f in record.findings
        if f.code == "outlier" and f.severity is Severity.PASS and f.examples is not None
    ]
    return [
        str(p)
        for f in passing
        if f.examples is not None and "path" in f.examples
        for p in f.examples["path"].head(SETTLED)
    ]


def _mistakes(record: Record) -> list[str]:
    scores = (record.baseline or {}).get("scores", {})
    return [
        m["path"] for part in ("val", "test") for m in scores.get(part, {}).get("mistakes", [])[:MISTAKES]
    ]
