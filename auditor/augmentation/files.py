"""Augmented images as files: safe names, atomic writes, and going on where a run stopped."""

from __future__ import annotations

import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from auditor.augmentation.adapter import apply_json
from auditor.augmentation.pictures import encode
from auditor.errors import OutputError
from auditor.outputs import csv_bytes, make_folder, read_csv, write_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from auditor.augmentation.augmented import Augmentation, OnProgress

FOLDER = "augmented"
#: Longest part of a file name in characters: with the digest it stays far below the 255 bytes that file
#: systems allow.
LONGEST = 60
#: What a file of ours is called: nothing else is ever removed.
OURS = re.compile(r".*-[0-9a-f]{16}\.(jpg|png)(\.part)?")
#: Names that Windows keeps for devices.
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_JPEG_NAMES = (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo")


def safe_name(name: str) -> str:
    """Return a file name that no file system or shell misreads; different names may share one.

    Examples
    --------
    >>> safe_name("t-shirt"), safe_name("../etc"), safe_name("a/b"), safe_name("con")
    ('t-shirt', 'etc', 'a_b', '_con')
    """
    plain = re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII).lstrip("._-")[:LONGEST].rstrip(".") or "_"
    return f"_{plain}" if RESERVED.fullmatch(plain) else plain


def folder_names(labels: Iterable[str]) -> dict[str, str]:
    """Return a folder name for each class, different for each even where a file system ignores case."""
    names: dict[str, str] = {}
    for label in sorted(set(labels)):
        name = safe_name(label)
        if name != label or any(
            label != other and safe_name(other).lower() == name.lower() for other in labels
        ):
            name = f"{name}-{_digest(label)[:8]}"
        names[label] = name
    return names


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def file_paths(augmentation: Augmentation) -> list[str]:
    """Return the path of each image of the manifest, relative to the output folder.

    The name holds a digest of all that the pixels depend on, so that a file that exists is the right one.
    """
    manifest = augmentation.manifest
    folders = folder_names(augmentation.labels)
    source = augmentation.plan.dataset.source
    sizes: dict[str, int] = {}
    paths = []
    for parent, label, transforms, seed in manifest[["parent", "label", "transforms", "seed"]].itertuples(
        index=False
    ):
        if parent not in sizes:
            try:
                sizes[parent] = source.stat(parent).size
            except OSError:
                sizes[parent] = -1  # reading it will say what is wrong
        stem = PurePosixPath(parent)
        digest = _digest(
            parent, label, transforms, str(seed), str(sizes[parent]), augmentation.policy.border
        )[:16]
        suffix = ".jpg" if stem.suffix.lower() in _JPEG_NAMES else ".png"
        paths.append(f"{FOLDER}/{folders[label]}/{safe_name(stem.stem)}-{digest}{suffix}")
    return paths


def write_images(
    augmentation: Augmentation, folder: Path, *, jobs: int | None, on_progress: OnProgress | None
) -> pd.DataFrame:
    """Write what is not there yet and return the manifest with its paths."""
    augmentation.check_parents(augmentation.manifest["parent"].unique().tolist())
    manifest = augmentation.manifest.assign(path=file_paths(augmentation))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_strays(folder, set(manifest["path"]))
        # Read as data, augmented images would be split anew, away from their parents: the marker keeps
        # readers out.
        make_folder(folder / FOLDER)
        for name in {str(PurePosixPath(p).parent) for p in manifest["path"]}:
            (folder / name).mkdir(parents=True, exist_ok=True)
        done = 0
        work = [(parent, rows) for parent, rows in manifest.groupby("parent", sort=True)]
        with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
            for count in pool.map(lambda item: _write_offspring(augmentation, folder, *item), work):
                done += count
                if on_progress:
                    on_progress(done, len(manifest))
        write_manifest(manifest, folder / "augmented.csv")
    except OSError as error:
        raise OutputError(
            expected=f"'{folder}' to be a folder that can be written",
            received=error.strerror or str(error),
            hint="name another folder with --output",
        ) from None
    return manifest


def _write_offspring(augmentation: Augmentation, folder: Path, parent: str, rows: pd.DataFrame) -> int:
    """Write the images of one parent, which is decoded once, and not at all where they are all there."""
    missing = rows[[not (folder / p).exists() for p in rows["path"]]]
    if len(missing):
        found = augmentation.parent(parent)
        for path, transforms, seed in missing[["path", "transforms", "seed"]].itertuples(index=False):
            picture = apply_json(found.picture, transforms, seed=int(seed), border=augmentation.policy.border)
            write_file(folder / path, encode(picture, PurePosixPath(path).suffix, grey=found.grey))
    return len(rows)


def _remove_strays(folder: Path, wanted: set[str]) -> None:
    """Remove images that an earlier plan wrote, and parts that a stopped run left."""
    root = folder / FOLDER
    for inside in sorted(root.glob("*/*")):
        if (
            OURS.fullmatch(inside.name)
            and inside.is_file()
            and inside.relative_to(folder).as_posix() not in wanted
        ):
            inside.unlink()
    for inside in sorted(root.glob("*")):
        if inside.is_dir() and not inside.is_symlink() and not any(inside.iterdir()):
            inside.rmdir()


def write_manifest(manifest: pd.DataFrame, path: Path) -> None:
    """Write a manifest as CSV, escaped as `auditor.outputs.escape_cell` does."""
    write_file(path, csv_bytes(manifest))


def read_manifest(path: Path | str) -> pd.DataFrame:
    """Read a manifest that `write_manifest` wrote."""
    return read_csv(path).astype({"seed": "int64"})
