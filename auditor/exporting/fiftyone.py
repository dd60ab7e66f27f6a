"""FiftyOne: samples as dicts, or a ``FiftyOneImageClassificationDataset`` per part; no image is copied.

References
----------
https://docs.voxel51.com/user_guide/import_datasets.html: ``labels.json`` holds ``classes`` and ``labels`` (an
image's key to its class number), ``data.json`` an image's key to its file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.exporting.folder import new_folder
from auditor.exporting.issues import flagged

if TYPE_CHECKING:
    from auditor.exporting.material import Material, Options


def make(material: Material, options: Options) -> list[dict[str, Any]]:
    """Return a dict per image: ``filepath``, ``tags`` (part, codes of its findings) and ``ground_truth``.

    ``fo.Sample(filepath=d["filepath"], tags=d["tags"], ground_truth=fo.Classification(**d["ground_truth"]))``
    makes a sample of one.
    """
    named = flagged(material)
    table = material.table
    return [
        {"filepath": file, "tags": [split, *sorted(named.get(path, ()))], "ground_truth": {"label": label}}
        for file, path, label, split in zip(
            material.files(table["path"]), table["path"], table["label"], table["split"], strict=True
        )
    ]


def write(material: Material, target: Path, options: Options) -> Path:
    """Write ``<part>/labels.json`` and ``data.json``, for ``fo.Dataset.from_dir`` with each part's folder."""
    with new_folder(target, ("*/labels.json", "*/data.json")) as made:
        for part, rows in material.parts.items():
            keys = [f"{k:06d}" for k in range(len(rows))]
            labels = {
                "classes": list(material.classes),
                "labels": dict(zip(keys, material.numbers(rows["label"]), strict=True)),
            }
            (made / part).mkdir()
            (made / part / "labels.json").write_text(json.dumps(labels), encoding="utf-8")
            (made / part / "data.json").write_text(
                json.dumps(dict(zip(keys, material.files(rows["path"]), strict=True))), encoding="utf-8"
            )
    return target
