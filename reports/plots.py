"""Single charts for notebooks: the report's own SVG, each standing on its own.

A notebook gets it as an image, so that none of its styles touch the notebook's page and nothing in a name can
act; a file gets it as SVG.
"""

from __future__ import annotations

import base64
import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.outputs import write_file
from auditor.record import BaselineFacts, Record
from auditor.reports.charts.bars import draw_bars
from auditor.reports.charts.curves import draw_curves
from auditor.reports.charts.scale import draw_scale
from auditor.reports.html import environment
from auditor.reports.sections.classes import classes, split_names
from auditor.reports.sections.pictures import Pictures
from auditor.reports.wording import sentence, visible

#: Room around a drawing, for a legend above it, and per letter of a legend, in pixels.
MARGIN, LEGEND, LETTER = 8.0, 28.0, 7.0
#: Pixels that a sentence below a chart needs to be read.
NARROWEST = 480.0
#: Pictures below the chart of a finding: as many as the report shows at once.
SHOWN = 6


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart that shows itself in a notebook.

    Attributes
    ----------
    title : str
    words : str
        What it says, for those who do not see it.
    svg : str
        The drawing, one file that needs nothing else.
    """

    title: str
    words: str
    svg: str
    _width: float = field(default=480.0, repr=False)
    _pictures: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)

    def save(self, file: str | Path) -> Path:
        """Write the drawing as an SVG file.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        write_file(Path(file), self.svg.encode("utf-8", "backslashreplace"))
        return Path(file)

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        pictures = [
            {"text": text, "image": base64.b64encode(data).decode("ascii")} for text, data in self._pictures
        ]
        image = base64.b64encode(self.svg.encode("utf-8", "backslashreplace")).decode("ascii")
        template = environment().get_template("charts/plot.html")
        return template.render(
            title=self.title, words=self.words, image=image, width=self._width, pictures=pictures
        )


def plot_classes(record: Record) -> Plot:
    """Return images per class and split.

    Raises
    ------
    UsageError
        The images have no classes.
    """
    section = classes(record, Pictures(record, shown=False))
    if section is None:
        raise UsageError(
            expected="images with classes",
            received=f"'{record.dataset.name}' without",
            hint="put each class in a folder",
        )
    title = "Images per class" + (" and split" if len(section.splits) > 1 else "")
    legend = section.bars.series if len(section.bars.series) > 1 else ()
    return _plot(
        "bars", (section.bars, title), title, section.words, [(n, name or "no split") for n, name in legend]
    )


def plot_split(record: Record) -> Plot:
    """Return images per class and part of the planned split.

    Raises
    ------
    UsageError
        No split was planned.
    """
    counts: dict[str, dict[str, int]] = {}
    for part, by_class in ((record.split or {}).get("counts") or {}).items():
        for label, n in by_class.items():
            counts.setdefault(label, {})[part] = n
    if not counts:
        raise UsageError(
            expected="an audit with a planned split", received="one without", hint="make it with auditor.run"
        )
    names = split_names(sorted({p for parts in counts.values() for p in parts}))
    bars = draw_bars(counts, names)
    words = "; ".join(f"{p}: {sum(c.get(p, 0) for c in counts.values()):,} images" for p in names)
    return _plot("bars", (bars, "Images per class and part"), "Images per class and part", words, bars.series)


def plot_finding(record: Record, finding: str) -> Plot:
    """Return the effect of a finding on its scale, and the pictures that show it best.

    Raises
    ------
    UsageError
        There is no such finding, or it has no effect to draw.
    """
    found = next((f for f in record.findings if f.id == finding), None)
    found = found or next((f for f in record.findings if f.code == finding), None)
    if found is None:
        names = [f.id for f in record.findings]
        near = difflib.get_close_matches(finding, names, 1)
        raise UsageError(
            expected="the id of a finding",
            received=f"'{finding}'",
            hint=f"did you mean '{near[0]}'?" if near else "see audit.findings",
        )
    if found.effect is None:
        raise UsageError(
            expected="a finding with an effect",
            received=f"'{found.id}': {found.summary}",
            hint="it was not checked",
        )
    scale = draw_scale(found.effect)
    paths = [] if found.examples is None else found.examples["path"].head(SHOWN).tolist()
    pictures = tuple((visible(str(p)), record.thumbnails[p]) for p in paths if p in record.thumbnails)
    words = f"{found.severity.value}: {found.summary} {sentence(scale.words)}"
    return _plot("scale", (scale,), f"{found.id}: {found.title}", words, pictures=pictures)


def plot_history(facts: BaselineFacts, run: int = 0, curve: str = "loss") -> Plot:
    """Return the curves of one training run over its epochs.

    Raises
    ------
    UsageError
        There is no such run or curve.
    """
    histories = facts.get("histories", [])
    if not 0 <= run < len(histories):
        raise UsageError(
            expected=f"a run from 0 to {len(histories) - 1}",
            received=str(run),
            hint="result.history lists them",
        )
    if curve not in ("loss", "accuracy"):
        raise UsageError(
            expected="the curve 'loss' or 'accuracy'", received=f"'{curve}'", hint="leave it out for the loss"
        )
    history: Any = histories[run]
    title = f"{curve.capitalize()} by epoch, {history.get('name', '')}"
    lines = {"training": history.get(curve, []), "validation": history.get(f"val_{curve}", [])}
    drawn = draw_curves(
        title, "cross-entropy loss" if curve == "loss" else curve, lines, history.get("best_epoch")
    )
    if drawn is None:
        raise UsageError(
            expected="a run of at least one epoch", received=f"run {run} without", hint="train for longer"
        )
    return _plot("curves", (drawn,), title, drawn.words)


def _plot(
    macro: str,
    arguments: Sequence[Any],
    title: str,
    words: str,
    legend: Iterable[tuple[int, str]] = (),
    pictures: tuple[tuple[str, bytes], ...] = (),
) -> Plot:
    from markupsafe import Markup

    html = str(getattr(environment().get_template("charts/charts.html").module, macro)(*arguments))
    found = re.search(r'<svg[^>]*viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>(.*?)</svg>', html, re.S)
    assert found is not None, "every chart is one drawing"
    width, height = float(found[1]) + 2 * MARGIN, float(found[2]) + 2 * MARGIN
    placed, x = [], MARGIN
    for number, name in legend:
        placed.append((number, name, x))
        x += 40 + LETTER * len(name)
    top = LEGEND if placed else MARGIN
    svg = (
        environment()
        .get_template("charts/standalone.svg")
        .render(
            width=width,
            height=height + top - MARGIN,
            words=f"{title}. {words}",
            style=Markup(_style()),  # noqa: S704 - shipped files, not the user's text
            legend=placed,
            left=MARGIN,
            top=top,
            drawing=Markup(found[3]),  # noqa: S704 - escaped by the chart's template
        )
    )
    return Plot(visible(title), visible(words), svg, max(width, NARROWEST), pictures)


@cache
def _style() -> str:
    """Return the light colours and the styles of charts, on white.

    An image cannot know whether its notebook is dark.
    """
    folder = resources.files("auditor.templates") / "styles"
    variables = (folder / "variables.css").read_text(encoding="utf-8")
    start = variables.index(":root {")
    light = variables[start : variables.index("}", start) + 1]
    return (
        f"{light}\n{(folder / 'chart.css').read_text(encoding='utf-8')}\n.ground {{ fill: "
        f"var(--paper-raised); }}".replace("color-scheme: light dark;", "")
    )
