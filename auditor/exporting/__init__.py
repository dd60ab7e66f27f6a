"""The audited data and its split in the forms that other tools read: a file per format, in `EXPORTERS`."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from auditor.errors import UsageError
from auditor.exporting import arrays, cleanlab, fiftyone, huggingface, manifest, samples, tf_data
from auditor.exporting.material import Material, Options, material_of
from auditor.splitting import Plan, export_tree


class Exporter(Protocol):
    """A module that exports to one format."""

    def make(self, material: Material, options: Options) -> Any:
        """Return it as an object of Python."""

    def write(self, material: Material, target: Path, options: Options) -> Path:
        """Write it, under a temporary name that is renamed when it is complete; returns the target."""


class Format(NamedTuple):
    """A format: its exporter, and the name of its file or folder in an output folder (none of a stream)."""

    exporter: Exporter
    file: str


EXPORTERS: MappingProxyType[str, Format] = MappingProxyType(
    {
        "csv": Format(manifest, "manifest.csv"),
        "parquet": Format(manifest, "manifest.parquet"),
        "jsonl": Format(manifest, "manifest.jsonl"),
        "huggingface": Format(huggingface, "huggingface"),
        "arrays": Format(arrays, "arrays.npz"),
        "samples": Format(samples, "samples.json"),
        "fiftyone": Format(fiftyone, "fiftyone"),
        "cleanlab": Format(cleanlab, "cleanlab"),
        "tf-data": Format(tf_data, ""),
    }
)


#: Ways to write the split as folders of classes.
TREES = ("hardlink", "symlink", "copy")
#: Reports that describe the data.
DESCRIPTIONS = ("croissant", "data-card")


def require_format(format: str, *, with_file: bool = False) -> None:
    """Refuse what is no format; with ``with_file`` also what is no file or folder.

    Raises
    ------
    UsageError
    """
    known = (
        [*TREES, *(n for n, f in EXPORTERS.items() if f.file)]
        if with_file
        else [*TREES, *EXPORTERS, *DESCRIPTIONS]
    )
    if format not in known:
        raise UsageError(
            expected=f"one of the formats {', '.join(known)}",
            received=f"'{format}'",
            hint="see docs/exports.md",
        )


def export(
    what: Any,
    format: str,
    output: str | Path | None = None,
    *,
    image_size: int | tuple[int, int] = 64,
    batch_size: int = 32,
) -> Any:
    """Give the data and its split in a form that another tool reads.

    Parameters
    ----------
    what : Plan or Audit
        What `auditor.split` or `auditor.scan` returned. Of an audit it is its planned split where it has one,
        else the data's own. Only images that training may use are exported: readable, with a class, and
        without training images that leak.
    format : str
        ``csv``, ``parquet``, ``jsonl`` (a table); ``hardlink``, ``symlink``, ``copy`` (folders of classes, of
        a plan); ``huggingface``, ``tf-data``, ``arrays`` (scikit-learn), ``samples`` (PyTorch), ``fiftyone``,
        ``cleanlab``; of an audit also ``croissant`` and ``data-card``.
    output : str or Path, optional
        A file or folder to write. Without one the object is returned: a DataFrame, a ``DatasetDict``, arrays,
        ...
    image_size : int or (int, int)
        Height and width in pixels, for ``arrays`` and ``tf-data``.
    batch_size : int
        For ``tf-data``.

    Returns
    -------
    Path or object
        Where it was written, or the object.

    Raises
    ------
    UsageError
        There is no such format, or it cannot hold this data.
    OutputError
        It cannot be written.
    MissingExtraError
        The package of the format is not installed.
    """
    require_format(format)
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(size) != 2 or min(size) < 1 or batch_size < 1:
        raise UsageError(
            expected="positive sizes",
            received=f"image_size={image_size}, batch_size={batch_size}",
            hint="as in image_size=64",
        )
    if format in DESCRIPTIONS:
        return _describe(what, format, output)
    if format in TREES:
        return _as_folders(what, format, output)
    return export_to(material_of(what), format, output, Options(image_size=size, batch_size=batch_size))


def _describe(what: Any, format: str, output: str | Path | None) -> Any:
    from auditor.reports import FORMATS, render, write_report

    if not hasattr(what, "record"):
        raise UsageError(
            expected="an audit to describe",
            received=type(what).__name__,
            hint="export what auditor.scan returned",
        )
    if output is None:
        return render(what.record, format)
    target = Path(output)
    return write_report(what.record, target / FORMATS[format] if target.is_dir() else target, format=format)


def _as_folders(what: Any, way: str, output: str | Path | None) -> Path:
    if not isinstance(what, Plan):
        raise UsageError(
            expected="a plan, to write as folders",
            received=type(what).__name__,
            hint="export what auditor.split returned",
        )
    if output is None:
        raise UsageError(
            expected="an output folder for folders of classes", received="none", hint="name a new folder"
        )
    return export_tree(what, output, way)  # type: ignore[arg-type]


def export_to(material: Material, format: str, output: str | Path | None, options: Options) -> Any:
    """Return the data in a format, or write it and return where.

    A folder that exists gets the format's usual name inside.

    Raises
    ------
    UsageError
        There is no such format, or it has no file.
    """
    if format not in EXPORTERS:
        raise UsageError(
            expected=f"one of the formats {', '.join(EXPORTERS)}",
            received=f"'{format}'",
            hint="see docs/exports.md",
        )
    exporter, name = EXPORTERS[format]
    if output is None:
        return exporter.make(material, options)
    target = Path(output)
    if "." in name and target.is_dir():
        target = target / name
    material.refuse_data_folder(target)
    return exporter.write(material, target, options)


__all__ = [
    "EXPORTERS",
    "Exporter",
    "Material",
    "Options",
    "export",
    "export_to",
    "material_of",
    "require_format",
]
