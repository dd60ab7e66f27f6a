"""Policies: presets, switching off, TOML."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.augmentation import PRESETS, Policy, Step
from auditor.augmentation.planning import choose_policy
from auditor.augmentation.policy_file import policy_toml, read_policy, write_policy
from auditor.augmentation.transforms import TRANSFORMS
from auditor.errors import OutputError, UsageError


@st.composite
def policies(draw):
    chosen = draw(st.lists(st.sampled_from(TRANSFORMS), min_size=1, unique_by=lambda t: t.name))
    label = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
    steps = [
        Step(
            name=t.name,
            magnitudes={m.name: draw(st.floats(m.low, m.high)) for m in t.magnitudes},
            probability=draw(st.floats(0.01, 1)),
            off_for=tuple(draw(st.lists(label, max_size=3))),
        )
        for t in chosen
    ]
    return Policy(
        name=draw(label), steps=tuple(steps), border=draw(st.sampled_from(["reflect", "replicate"]))
    )


@settings(deadline=None)
@given(policies())
def test_toml_round_trip_is_exact(tmp_path_factory, policy):
    file = tmp_path_factory.mktemp("policy") / "p.toml"
    write_policy(policy, file)
    assert read_policy(file) == policy


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_survive_a_file_and_are_chosen_by_name(name, tmp_path):
    write_policy(PRESETS[name], tmp_path / "p.toml")
    assert choose_policy(tmp_path / "p.toml") == choose_policy(name) == PRESETS[name]


def test_presets_respect_what_they_are_for():
    assert not [n for name in ("digits", "document") for n in PRESETS[name].names if n.startswith("flip")]
    microscopy = {s.name: s for s in PRESETS["microscopy"].steps}
    assert {"flip-horizontal", "flip-vertical"} <= set(microscopy)
    assert microscopy["rotate"].magnitudes["degrees"] == 180


@pytest.mark.parametrize("name", [t.name for t in TRANSFORMS])
def test_every_transform_can_be_switched_off(name):
    everything = Policy(name="all", steps=tuple(Step(name=t.name) for t in TRANSFORMS))
    assert set(everything.names) - set(everything.without(name).names) == {name}


def test_flip_switches_both_flips_off():
    assert PRESETS["microscopy"].without("flip").names == ("rotate", "crop", "elastic", "brightness-contrast")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[[transforms]]\nname = "rotat"', "did you mean 'rotate'"),
        ('[[transforms]]\nname = "rotate"\ndegrees = 200', "from 0.1 to 180"),
        ('[[transforms]]\nname = "rotate"\ndegrees = nan', "from 0.1 to 180"),
        ('[[transforms]]\nname = "rotate"\ndegrees = "many"', "from 0.1 to 180"),
        ('[[transforms]]\nname = "rotate"\ndegrees = true', "from 0.1 to 180"),
        ('[[transforms]]\nname = "rotate"\nturns = 2', "a magnitude of 'rotate'"),
        ('[[transforms]]\nname = "crop"\nshare = 0', "from 0.2 to 0.99"),
        ('[[transforms]]\nname = "crop"\nprobability = 1.5', "a probability of 'crop'"),
        ('[[transforms]]\nname = "crop"\n[[transforms]]\nname = "crop"', "each transform once"),
        ("[[transforms]]\nprobability = 1", "no name for transform 1"),
        ('[[transforms]]\nname = "crop"\noff-for = "cat"', "off-for of 'crop'"),
        ('border = "black"\n[[transforms]]\nname = "crop"', "a border"),
        ('colour = 1\n[[transforms]]\nname = "crop"', "the key 'colour'"),
        ('name = 3\n[[transforms]]\nname = "crop"', "a name that is no text"),
        ("transforms = 3", "no transforms"),
        ("", "no transforms"),
        ("this is no TOML", "cannot be read"),
    ],
)
def test_bad_policy_files_are_refused_in_one_line(tmp_path, text, expected):
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(UsageError) as refused:
        read_policy(tmp_path / "p.toml")
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "p.toml").write_bytes(bytes(range(256)))
    with pytest.raises(UsageError, match="cannot be read"):
        read_policy(tmp_path / "p.toml")


def test_unwritable_policy_is_one_line(tmp_path):
    with pytest.raises(OutputError, match="to write"):
        write_policy(PRESETS["photo"], tmp_path / "nowhere" / "p.toml")


def test_defaults_fill_what_is_left_out():
    assert Step(name="rotate").magnitudes == {"degrees": 15.0}
    assert 'name = "photo"' in policy_toml(PRESETS["photo"])
