"""The commands of fixes, with the names of this data and this output folder in them."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterable

from auditor.dataset import Dataset
from auditor.finding import Finding
from auditor.outputs import OUTPUT


def fill_commands(findings: Iterable[Finding], dataset: Dataset, output: str) -> tuple[Finding, ...]:
    """Fill in DATA and OUT in the commands of fixes."""

    def fill(finding: Finding) -> Finding:
        if finding.fix is None or finding.fix.command is None:
            return finding
        names = {"DATA": shlex.quote(dataset.location), "OUT": shlex.quote(output)}
        typed = finding.fix.command.removesuffix(" -o OUT")
        words = [names.get(word, word.replace("OUT/", names["OUT"] + "/")) for word in typed.split(" ")]
        if output != OUTPUT and "-o" not in words:
            words += ["-o", names["OUT"]]
        return dataclasses.replace(finding, fix=dataclasses.replace(finding.fix, command=" ".join(words)))

    return tuple(map(fill, findings))
