"""A policy: which transforms, how strong, how often, and for which classes not."""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from auditor.augmentation.transforms import BY_NAME, TRANSFORMS, families
from auditor.errors import UsageError
from auditor.record import PolicyStep

Border = Literal["reflect", "replicate"]
BORDERS: tuple[Border, ...] = ("reflect", "replicate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One transform of a policy.

    Parameters
    ----------
    name : str
        One of `auditor.augmentation.transforms.TRANSFORMS`.
    magnitudes : mapping of str to float
        Those left out have their defaults.
    probability : float
        How often it is applied, in (0, 1].
    off_for : tuple of str
        Classes whose meaning it would change; it is never applied to them.

    Raises
    ------
    UsageError
        An unknown transform or magnitude, or a value that is not possible.
    """

    name: str
    magnitudes: Mapping[str, float] = field(default_factory=dict)
    probability: float = 0.5
    off_for: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in BY_NAME:
            near = difflib.get_close_matches(str(self.name), BY_NAME, 1)
            hint = f"did you mean '{near[0]}'?" if near else "correct the policy"
            raise UsageError(
                expected=f"a transform: {', '.join(BY_NAME)}", received=f"'{self.name}'", hint=hint
            )
        known = {m.name: m for m in BY_NAME[self.name].magnitudes}
        for name, value in self.magnitudes.items():
            if name not in known:
                raise UsageError(
                    expected=f"a magnitude of '{self.name}': {', '.join(known) or 'it has none'}",
                    received=f"'{name}'",
                    hint="correct the policy",
                )
            m = known[name]
            if isinstance(value, bool) or not isinstance(value, int | float) or not m.low <= value <= m.high:
                raise UsageError(
                    expected=f"{self.name}.{name} from {m.low:g} to {m.high:g} ({m.text})",
                    received=f"{value!r}",
                    hint=f"the default is {m.default:g}",
                )
        if (
            isinstance(self.probability, bool)
            or not isinstance(self.probability, int | float)
            or not 0 < self.probability <= 1
        ):
            raise UsageError(
                expected=f"a probability of '{self.name}' over 0 and up to 1",
                received=f"{self.probability!r}",
                hint="to switch a transform off, remove it",
            )
        filled = {m.name: float(self.magnitudes.get(m.name, m.default)) for m in known.values()}
        object.__setattr__(self, "magnitudes", filled)
        object.__setattr__(self, "off_for", tuple(self.off_for))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A frozen list of transforms, applied in order.

    Parameters
    ----------
    name : str
        Shown in the report.
    steps : tuple of Step
        Each transform at most once.
    border : {"reflect", "replicate"}
        What fills the corners that a rotation uncovers: the picture mirrored, or its edge drawn out (for
        pictures on a plain ground, where a mirrored stroke would add to the sign).

    Examples
    --------
    >>> PRESETS["digits"].without("elastic").names
    ('rotate', 'crop', 'perspective', 'brightness-contrast')
    """

    name: str
    steps: tuple[Step, ...]
    border: Border = "reflect"

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(self.steps))
        twice = sorted({n for n in self.names if self.names.count(n) > 1})
        if twice:
            raise UsageError(
                expected="each transform once in a policy", received=f"'{twice[0]}' twice", hint="remove one"
            )
        if self.border not in BORDERS:
            raise UsageError(
                expected=f"a border: {', '.join(BORDERS)}",
                received=f"{self.border!r}",
                hint="correct the policy",
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The transforms, in order."""
        return tuple(step.name for step in self.steps)

    def without(self, *names: str) -> Policy:
        """Return the policy with some transforms switched off; ``flip`` means both flips.

        Raises
        ------
        UsageError
            A name that no transform has.
        """
        known = {family for t in TRANSFORMS for family in families(t.name)}
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, 1)
                hint = f"did you mean '{near[0]}'?" if near else "see docs/augmentation.md"
                raise UsageError(
                    expected=f"a transform to switch off: {', '.join(sorted(known))}",
                    received=f"'{name}'",
                    hint=hint,
                )
        return dataclasses.replace(
            self, steps=tuple(s for s in self.steps if not families(s.name) & set(names))
        )

    def off_for(self, transform: str, labels: Iterable[str]) -> Policy:
        """Return the policy with one transform switched off for some classes."""
        return dataclasses.replace(
            self,
            steps=tuple(
                dataclasses.replace(s, off_for=tuple(sorted({*s.off_for, *labels})))
                if s.name == transform
                else s
                for s in self.steps
            ),
        )

    def steps_for(self, label: str) -> tuple[Step, ...]:
        """Return the transforms that may be applied to a class."""
        return tuple(s for s in self.steps if label not in s.off_for)

    def drawn(self, label: str, rng: np.random.Generator) -> list[dict[str, Any]]:
        """Draw the transforms of one image of a class: each with its ``name`` and its values.

        At least one transform is drawn: a plain copy of its parent would add nothing.
        """
        steps = self.steps_for(label)
        chosen = [s for s, u in zip(steps, rng.random(len(steps)), strict=True) if u < s.probability]
        if not chosen and steps:
            chosen = [steps[int(rng.integers(len(steps)))]]
        return [{"name": s.name, **BY_NAME[s.name].draw(s.magnitudes, rng, False)} for s in chosen]

    def draw(self, label: str, rng: np.random.Generator) -> str:
        """Draw the transforms of one image as the JSON that the manifest holds; nothing is lost in it."""
        return json.dumps(self.drawn(label, rng), separators=(",", ":"))

    def facts(self) -> list[PolicyStep]:
        """Return the steps as plain data, for the record."""
        return [
            {"name": s.name, "magnitudes": {**s.magnitudes, "probability": float(s.probability)}}
            for s in self.steps
        ]


#: Where no policy is asked for, this one is, less its `MIRRORS`: mirrored digits cost .07 of .97 accuracy.
DEFAULT_POLICY = "photo"
#: Transforms that turn a picture around: applied only where they were asked for by name or `check_policy`
#: passed them on the data.
MIRRORS = ("flip-horizontal", "flip-vertical")
#: Policies for kinds of pictures. Magnitudes are the usual mild ones; `check_policy` measures whether they
#: suit the data.
PRESETS: dict[str, Policy] = {
    p.name: p
    for p in (
        # Photos: gravity gives them an upright, mirrors do not matter.
        Policy(
            name="photo",
            steps=(
                Step(name="flip-horizontal"),
                Step(name="rotate", magnitudes={"degrees": 15}),
                Step(name="crop", magnitudes={"share": 0.8}),
                Step(name="perspective", magnitudes={"shift": 0.05}, probability=0.3),
                Step(name="elastic", magnitudes={"shift": 0.01}, probability=0.2),
                Step(name="brightness-contrast", magnitudes={"brightness": 0.2, "contrast": 0.2}),
            ),
        ),
        # Documents: text is never mirrored, scans are askew by a few degrees, paper bends a little.
        Policy(
            name="document",
            border="replicate",
            steps=(
                Step(name="rotate", magnitudes={"degrees": 3}),
                Step(name="crop", magnitudes={"share": 0.92}),
                Step(name="perspective", magnitudes={"shift": 0.03}),
                Step(name="elastic", magnitudes={"shift": 0.004}, probability=0.2),
                Step(name="brightness-contrast", magnitudes={"brightness": 0.15, "contrast": 0.25}),
            ),
        ),
        # Microscopy: a slide has no upright and no handedness, so that any rotation and flip gives an equally
        # likely picture.
        Policy(
            name="microscopy",
            steps=(
                Step(name="flip-horizontal"),
                Step(name="flip-vertical"),
                Step(name="rotate", magnitudes={"degrees": 180}, probability=0.9),
                Step(name="crop", magnitudes={"share": 0.85}, probability=0.3),
                Step(name="elastic", magnitudes={"shift": 0.02}, probability=0.3),
                Step(name="brightness-contrast", magnitudes={"brightness": 0.1, "contrast": 0.15}),
            ),
        ),
        # Digits and letters: no flips (a mirrored 2 is no digit), and nowhere near the half turn that makes a
        # 6 a 9.
        Policy(
            name="digits",
            border="replicate",
            steps=(
                Step(name="rotate", magnitudes={"degrees": 12}),
                Step(name="crop", magnitudes={"share": 0.9}, probability=0.3),
                Step(name="perspective", magnitudes={"shift": 0.05}, probability=0.3),
                Step(name="elastic", magnitudes={"shift": 0.04}),
                Step(name="brightness-contrast", magnitudes={"brightness": 0.1, "contrast": 0.2}),
            ),
        ),
    )
}
