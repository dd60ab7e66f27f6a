"""Pictures and videos among the files that were left out.

What their first bytes say, whatever their names.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from auditor.dataset import Dataset
from auditor.readers.image_names import is_image
from auditor.reading import EXAMPLES, PICTURES, LeftOut

#: How files begin, and what they are. Formats that begin with two bytes need more of their header, see below.
MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"8BPS\0\x01", "PSD"),
    (b"II*\0\x10\0\0\0CR\x02", "CR2 camera raw"),
    (b"FUJIFILMCCD-RAW", "RAF camera raw"),
    (b"IIRO", "ORF camera raw"),
    (b"IIU\0", "RW2 camera raw"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"qoif", "QOI"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"gimp xcf", "XCF"),
    (b"DDS |", "DDS"),
    (b"\x1a\x45\xdf\xa3", "Matroska video"),
    (b"BPG\xfb", "BPG"),
)
#: Major brands of ISO base media files (ISO/IEC 14496-12; MP4 registration authority).
BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    b"crx ": "CR3 camera raw",
    b"qt  ": "QuickTime video",
    **dict.fromkeys((b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"M4VP", b"dash", b"3gp4", b"3gp5"), "MP4 video"),
}  # fmt: skip
#: TIFF by its bytes, and a camera's raw file by its ending.
RAW_ENDINGS = {".nef": "NEF", ".arw": "ARW", ".dng": "DNG", ".pef": "PEF", ".srw": "SRW", ".cr2": "CR2"}
#: Sizes of the header that follows that of a BMP file.
BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
#: Endings of files that are not opened: what they hold is known.
KNOWN = frozenset(
    [
        ".txt",
        ".csv",
        ".tsv",
        ".json",
        ".jsonl",
        ".ndjson",
        ".xml",
        ".yaml",
        ".yml",
        ".toml",
        ".ini",
        ".cfg",
        ".md",
        ".rst",
        ".html",
        ".htm",
        ".pdf",
        ".py",
        ".ipynb",
        ".npy",
        ".npz",
        ".parquet",
        ".arrow",
        ".feather",
        ".zip",
        ".tar",
        ".gz",
        ".tgz",
        ".bz2",
        ".xz",
        ".7z",
        ".rar",
        ".h5",
        ".hdf5",
        ".pt",
        ".pth",
        ".onnx",
        ".keras",
        ".pb",
        ".pkl",
        ".pickle",
        ".mat",
        ".doc",
        ".docx",
        ".xls",
        ".xlsx",
        ".ppt",
        ".pptx",
        ".log",
        ".db",
        ".sqlite",
        ".js",
        ".css",
        ".sh",
        ".tfrecord",
        ".tfrec",
        ".svg",
        ".lock",
    ]
)
#: Bytes that are read of a file: DICOM's mark is behind 128 others.
HEAD = 132
#: Files that are opened at most: a second of work.
LOOKED_AT = 10_000
REASON = re.compile(r" \([^()]*\)$")


def kind_of_head(head: bytes, ending: str = "") -> str:
    """Return what kind of picture or video begins like this, or "".

    Examples
    --------
    >>> kind_of_head(b"\\xff\\xd8\\xff\\xe0"), kind_of_head(b"\\0\\0\\0\\x18ftypheic"), kind_of_head(b"hello")
    ('JPEG', 'HEIC', '')
    """
    if head[4:8] == b"ftyp":
        return BRANDS.get(head[8:12], "")
    if head[:4] == b"RIFF":
        return {b"WEBP": "WebP", b"AVI ": "AVI video"}.get(head[8:12], "")
    if head[128:132] == b"DICM":
        return "DICOM"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in BMP_HEADERS:
        return "BMP"
    found = next((kind for magic, kind in MAGIC if head.startswith(magic)), "")
    return f"{RAW_ENDINGS[ending]} camera raw" if found == "TIFF" and ending in RAW_ENDINGS else found


def named_pictures(dataset: Dataset, location: Path) -> Dataset:
    """Return a data set whose reading names the pictures and videos among the files that were left out."""
    entries = [entry for entry in dataset.ignored if _may_be(REASON.sub("", entry))][:LOOKED_AT]
    found: dict[str, str] = {}
    with_head = _heads(dataset, location, [REASON.sub("", entry) for entry in entries])
    for entry, head in zip(entries, with_head, strict=True):
        kind = kind_of_head(head, PurePosixPath(REASON.sub("", entry)).suffix.lower())
        if kind:
            found[REASON.sub("", entry)] = kind
    if not found:
        return dataset
    left_out = [_without(part, dataset.ignored, found) for part in dataset.reading.left_out]
    kinds = Counter(_reason(path, kind) for path, kind in found.items())
    named = [
        LeftOut(
            reason=reason,
            count=count,
            examples=tuple(path for path, kind in found.items() if _reason(path, kind) == reason)[:EXAMPLES],
            what=PICTURES,
        )
        for reason, count in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    ]
    reading = replace(dataset.reading, left_out=(*named, *(part for part in left_out if part.count)))
    return replace(dataset, reading=reading)


def _may_be(path: str) -> bool:
    """Whether a file's name leaves open what it holds."""
    return not is_image(path) and PurePosixPath(path).suffix.lower() not in KNOWN


def _reason(path: str, kind: str) -> str:
    ending = PurePosixPath(path).suffix
    return f"{kind}, under the ending {ending}" if ending else f"{kind}, without an ending"


def _without(part: LeftOut, ignored: Iterable[str], found: dict[str, str]) -> LeftOut:
    """Return what else was left out for not being images."""
    if part.reason != "no images" or part.what != "files":
        return part
    rest = [name for name in ignored if name not in found and not REASON.search(name)]
    count = part.count - len(found)
    return replace(part, count=max(count, 0), examples=tuple(rest[:EXAMPLES]))


def _heads(dataset: Dataset, location: Path, paths: list[str]) -> list[bytes]:
    """Return the first bytes of files of a folder, or of members of a zip.

    Blank for what cannot be opened.
    """
    if location.is_dir():
        return [_tried(_of_file, location / path) for path in paths]
    if location.suffix.lower() != ".zip":
        return [b""] * len(paths)
    names: dict[str, str] = getattr(dataset.source, "names", {})
    with zipfile.ZipFile(location) as archive:
        return [_tried(_of_member, archive, names.get(path, path)) for path in paths]


def _tried(read: Callable[..., bytes], *arguments: object) -> bytes:
    try:
        return read(*arguments)
    except Exception:  # an archive's are of many kinds, and nothing depends on it
        return b""


def _of_file(file: Path) -> bytes:
    if not file.is_file():  # a pipe would block
        return b""
    with file.open("rb", buffering=0) as stream:
        return stream.read(HEAD)


def _of_member(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as stream:
        return stream.read(HEAD)
