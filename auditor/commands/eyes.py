"""The user's own eyes: vectors, probabilities or an encoder, opened before a scan and used after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.commands.opening import require_classes
from auditor.commands.options import GivenEyes
from auditor.dataset import Dataset
from auditor.errors import UsageError
from auditor.evidence import Evidence
from auditor.evidence.brought import Brought, Matched, match_rows
from auditor.evidence.brought_files import read_brought
from auditor.evidence.brought_probabilities import match_probabilities, require_classes_of
from auditor.evidence.vectors import describe_by_vectors
from auditor.finding import rounded

if TYPE_CHECKING:
    from auditor.baseline.encoder import Encoder


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Eyes:
    """What content is judged by beside the descriptor, read and matched with the images.

    Attributes
    ----------
    vectors, probabilities : (Brought, Matched) or None
    encoder : Encoder or None
    """

    vectors: tuple[Brought, Matched] | None = None
    probabilities: tuple[Brought, Matched] | None = None
    encoder: Encoder | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What was brought, plain JSON, for the provenance and for the digest of the inputs."""
        facts: dict[str, Any] = {}
        for what, found in (("embeddings", self.vectors), ("probabilities", self.probabilities)):
            if found is not None:
                brought, matched = found
                rows, columns = brought.values.shape
                facts[what] = {
                    "name": brought.name.strip("'"),
                    "sha256": brought.digest,
                    "rows": rows,
                    "columns": columns,
                    "matched_by": matched.by,
                    "unused_rows": matched.unused,
                }
        if self.encoder is not None:
            facts["encoder"] = self.encoder.facts
        return facts

    @property
    def notes(self) -> tuple[str, ...]:
        """What to say of them in the reading of the data."""
        notes = []
        for what, found in (("Content is judged", self.vectors), ("Labels are judged", self.probabilities)):
            if found is not None:
                brought, matched = found
                by = "by path" if matched.by == "path" else "in the order of the data"
                kind = "vectors" if found is self.vectors else "class probabilities"
                unused = f"; {matched.unused:,} of its rows belong to no image" if matched.unused else ""
                notes.append(
                    f"{what} by the {kind} of {brought.name} ({brought.values.shape[1]:,} columns, matched"
                    f" {by}){unused}."
                )
        if self.encoder is not None:
            notes.append(f"Content is judged by the vectors of {self.encoder.name}.")
        return tuple(notes)


def open_eyes(dataset: Dataset, given: GivenEyes) -> Eyes:
    """Read what the user brings, and refuse what cannot be used, before any image is read.

    Raises
    ------
    DataError
        A file is missing, damaged, or of other data.
    UsageError
        Vectors and an encoder were given at once, or an option of an encoder without one.
    """
    vectors, probabilities = given.get("embeddings"), given.get("probabilities")
    encoder = given.get("encoder")
    settings = [n for n in ("encoder_weights", "encoder_size", "encoder_scaling") if given.get(n) is not None]
    if encoder is None and settings:
        option = "--" + settings[0].replace("_", "-")
        raise UsageError(
            expected=f"--encoder with {option}", received=f"{option} alone", hint="name the encoder"
        )
    if encoder is not None and vectors is not None:
        raise UsageError(
            expected="vectors, or an encoder that makes them",
            received="--embeddings and --encoder",
            hint="leave one of them out",
        )
    return Eyes(
        vectors=None if vectors is None else _open(dataset, vectors, "vectors"),
        probabilities=None if probabilities is None else _open_probabilities(dataset, probabilities),
        encoder=None if encoder is None else _open_encoder(encoder, given),
    )


def _open(dataset: Dataset, given: Any, what: str) -> tuple[Brought, Matched]:
    brought = read_brought(given, what)
    return brought, match_rows(brought, dataset)


def _open_probabilities(dataset: Dataset, given: Any) -> tuple[Brought, Matched]:
    require_classes(dataset, "judge labels")
    brought, matched = _open(dataset, given, "probabilities")
    require_classes_of(brought, dataset.classes)
    return brought, matched


def _open_encoder(encoder: str | Path, given: GivenEyes) -> Encoder:
    from auditor.baseline.encoder_opening import open_encoder

    return open_encoder(
        encoder,
        weights=given.get("encoder_weights"),
        size=given.get("encoder_size"),
        scaling=given.get("encoder_scaling"),
    )


def note_eyes(dataset: Dataset, eyes: Eyes) -> Dataset:
    """Say in the reading of the data what it is judged by."""
    if not eyes.notes:
        return dataset
    return replace(dataset, reading=replace(dataset.reading, notes=(*dataset.reading.notes, *eyes.notes)))


def use_eyes(
    evidence: Evidence,
    dataset: Dataset,
    eyes: Eyes,
    store: Path | None,
    on_images: Callable[[int, int], None] | None = None,
) -> Evidence:
    """Return evidence that judges content by what the user brings.

    Raises
    ------
    DataError
        Readable images are missing in it, numbers are not finite or no probabilities, or the model that made
        the probabilities has seen the labels.
    """
    found = eyes.vectors
    if eyes.encoder is not None:
        values, rows = eyes.encoder.encode(dataset.source, evidence.images, store, on_images)
        made = Brought(
            name=eyes.encoder.name, values=values, columns=(), paths=None, digest=eyes.encoder.digest
        )
        found = made, Matched(rows=rows, unused=0, by="path")
    if found is not None:
        described = describe_by_vectors(evidence, *found)
        evidence = evidence.with_descriptor(
            described.values, scales=described.scales, source=described.source
        )
    if eyes.probabilities is not None:
        paths = evidence.images["path"].to_numpy(dtype=object)
        given = match_probabilities(*eyes.probabilities, dataset.classes, paths, evidence.readable)
        evidence = evidence.with_probabilities(given)
        _ = evidence.probabilities  # refuses those that are in-sample, before any check runs
    return evidence


def describe_eyes(eyes: Eyes, evidence: Evidence) -> dict[str, Any]:
    """Return what was brought and how well the judge tells the classes with it, for the provenance."""
    facts, found = eyes.facts, evidence.probabilities
    if found is not None:
        facts["balanced_accuracy"] = rounded(found.balanced_accuracy)
        facts["judge"] = list(found.models)
    return facts
