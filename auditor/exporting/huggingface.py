"""Hugging Face: a ``datasets.DatasetDict``, or a folder of Parquet files with the images inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.dataset import LocalFiles, shown_name
from auditor.errors import MissingExtraError
from auditor.exporting.folder import new_folder
from auditor.exporting.material import WHOLE

if TYPE_CHECKING:
    from auditor.exporting.material import Material, Options

#: Bytes of images in a row group and in a file: a row group is what a reader holds at once, and 500 MB is
#: what the Hub shards at.
GROUP_BYTES, SHARD_BYTES = 32 << 20, 500 << 20
#: The Hub's names of splits, where they differ from ours.
NAMES = {"val": "validation", WHOLE: "train"}


def split_name(part: str) -> str:
    """Return the name of a part on the Hub, where names have no hyphens.

    Examples
    --------
    >>> split_name("val"), split_name("all"), split_name("fold-0")
    ('validation', 'train', 'fold_0')
    """
    return NAMES.get(part, part.replace("-", "_"))


def make(material: Material, options: Options) -> Any:
    """Return a ``DatasetDict`` with ``image`` and ``label``: names of files, or the bytes of other images.

    Raises
    ------
    MissingExtraError
        ``datasets`` is not installed.
    """
    try:
        import datasets
    except ImportError:
        raise MissingExtraError.of("datasets", "huggingface") from None
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=list(material.classes))}
    )
    local = isinstance(material.source, LocalFiles)
    images: list[dict[str, bytes | str | None]]
    made = datasets.DatasetDict()
    for part, rows in material.parts.items():
        files = material.files(rows["path"]) if local else [""] * len(rows)
        images = [
            {"bytes": None, "path": file}
            if file and shown_name(file) == file  # Arrow holds UTF-8 alone
            else {"bytes": material.read(path), "path": path}
            for file, path in zip(files, rows["path"], strict=True)
        ]
        made[split_name(part)] = datasets.Dataset.from_dict(
            {"image": images, "label": material.numbers(rows["label"])}, features=features
        )
    return made


def write(material: Material, target: Path, options: Options) -> Path:
    """Write ``data/<split>-00000-of-00001.parquet``, which ``datasets`` and ``auditor.open(folder)`` read.

    Memory holds one row group of images at a time.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    features = {
        "image": {"_type": "Image"},
        "label": {"names": list(material.classes), "_type": "ClassLabel"},
    }
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema(
        [("image", image), ("label", pa.int64())],
        metadata={"huggingface": json.dumps({"info": {"features": features}}, ensure_ascii=True)},
    )
    with new_folder(target, ("data/*.parquet",)) as made:
        (made / "data").mkdir()
        for part in material.parts:
            files: list[Path] = []
            size = SHARD_BYTES
            writer = None
            for images, labels, weight in _groups(material, part):
                if size >= SHARD_BYTES or writer is None:
                    if writer is not None:
                        writer.close()
                    files.append(made / "data" / f"{len(files)}.part")
                    writer, size = pq.ParquetWriter(files[-1], schema), 0
                writer.write_table(
                    pa.table(
                        {"image": pa.array(images, image), "label": pa.array(labels, pa.int64())},
                        schema=schema,
                    )
                )
                size += weight
            if writer is not None:
                writer.close()
            for k, file in enumerate(files):
                file.rename(made / "data" / f"{split_name(part)}-{k:05d}-of-{len(files):05d}.parquet")
    return target


def _groups(material: Material, part: str) -> Iterator[tuple[list[dict[str, Any]], list[int], int]]:
    """Yield images, class numbers and bytes of each row group."""
    rows = material.parts[part]
    images: list[dict[str, Any]] = []
    labels: list[int] = []
    size = 0
    for path, number in zip(rows["path"], material.numbers(rows["label"]), strict=True):
        data = material.read(path)
        images.append({"bytes": data, "path": str(path)})
        labels.append(number)
        size += len(data)
        if size >= GROUP_BYTES:
            yield images, labels, size
            images, labels, size = [], [], 0
    if images:
        yield images, labels, size
