"""The commands of fixes, with this data, this output folder and the options of this call in them."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from auditor.commands.reuse import ScanRequest
from auditor.dataset import Dataset
from auditor.finding import Finding
from auditor.outputs import OUTPUT

#: Words that a person must replace: a command that holds one cannot be typed as it stands.
PLACEHOLDERS = frozenset({"TABLE", "COLUMN"})
#: Commands with an option for data that is meant to have no labels.
TAKE_UNLABELLED = frozenset({"scan", "run"})
#: Commands with options for vectors, probabilities and an encoder.
TAKE_EYES = frozenset({"scan", "run"})
#: Commands that refuse data with fewer than two classes.
NEED_CLASSES = frozenset({"run", "split", "augment", "train"})


def fill_commands(findings: Iterable[Finding], dataset: Dataset, request: ScanRequest) -> tuple[Finding, ...]:
    """Fill in the commands of fixes; one that does not run on this data as it stands is left out."""

    def fill(finding: Finding) -> Finding:
        if finding.fix is None or finding.fix.command is None:
            return finding
        command = _fill(finding.fix.command, dataset, request)
        return dataclasses.replace(finding, fix=dataclasses.replace(finding.fix, command=command))

    return tuple(map(fill, findings))


def _fill(template: str, dataset: Dataset, request: ScanRequest) -> str | None:
    words = template.removesuffix(" -o OUT").split(" ")
    in_memory = any(not isinstance(v, (str, Path, int, type(None))) for v in request.eyes.values())
    if not _runs(words, dataset) or (in_memory and words[1] in TAKE_EYES):
        return None
    place = f"./{dataset.location}" if dataset.location.startswith("-") else dataset.location
    data, out = shlex.quote(place), shlex.quote(request.shown_output)
    filled = [data if word == "DATA" else word.replace("OUT/", f"{out}/") for word in words]
    unfit = () if words[1] in TAKE_UNLABELLED else ("--unlabelled",)
    filled += column_options(request.columns, (*words, *unfit))
    if words[1] in TAKE_EYES:
        filled += column_options(request.eyes)
    if request.shown_output != OUTPUT and "-o" not in filled:
        filled += ["-o", out]
    return " ".join(filled)


def _runs(words: list[str], dataset: Dataset) -> bool:
    """Whether a command can be typed: its data has a place and its columns, its folds can be filled."""
    given = {word: words[i + 1] for i, word in enumerate(words[:-1]) if word.startswith("--")}
    samples = dataset.samples
    labelled = samples[(samples["label"] != "") & (samples["split"] != "field")]
    sizes = labelled["label"].value_counts()
    return (
        not PLACEHOLDERS & set(words)
        and words[1] != "apply"  # there are no decisions yet
        and ("://" in dataset.location or Path(dataset.location).exists())
        and given.get("--group", "path") in samples.columns
        and (words[1] not in NEED_CLASSES or len(sizes) > 1)
        and not sizes.min() < int(given.get("--folds", 0))
    )


def column_options(columns: Mapping[str, object], words: Iterable[str] = ()) -> list[str]:
    """Return options of this call, such as columns of a table, as they are typed, but those in ``words``.

    Examples
    --------
    >>> column_options({"label": "my class", "split": None, "unlabelled": True})
    ['--label', "'my class'", '--unlabelled']
    """
    typed: list[str] = []
    for name, value in columns.items():
        option = f"--{name.replace('_', '-')}"
        if option in words or value is None or value is False:
            continue
        typed += [option] if value is True else [option, shlex.quote(str(value))]
    return typed
