"""Settings, waivers and their end."""

import datetime

import pytest

from auditor.checks.base import choose, configure, option_name, parameters
from auditor.checks.class_imbalance import ClassImbalance
from auditor.commands.config import Config, expired, load_config, waive
from auditor.errors import UsageError
from auditor.finding import Effect, Finding, Waiver

DAY = datetime.date(2026, 6, 1)


def finding(code, scope="", value=1.0):
    return Finding(
        code=code, scope=scope, title="t", summary="s", effect=Effect.counted("n", value, warn_at=0)
    )


def write(tmp_path, text):
    file = tmp_path / "auditor.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_gives_thresholds_chosen_checks_and_waivers(tmp_path):
    config = load_config(
        write(
            tmp_path,
            'ignore = ["privacy"]\nfail-on = "error"\n[checks.class-imbalance]\nwarn-ratio = 20\n'
            '[[waivers]]\nfinding = "class-imbalance"\nreason = "rare on purpose"\nowner = '
            '"Ada"\nexpires = 2026-12-31\n',
        )
    )
    assert config.checks == {"class-imbalance": {"warn-ratio": 20}}
    assert config.ignore == ("privacy",) and config.fail_on == "error"
    assert config.waivers == {
        "class-imbalance": Waiver(reason="rare on purpose", owner="Ada", expires="2026-12-31")
    }


def test_settings_of_the_command_line_lie_over_the_file():
    config = Config(checks={"class-imbalance": {"warn-ratio": 20}}).with_settings(
        ["class-imbalance.warn-ratio=30", "other.field=x=y"]
    )
    assert config.checks == {"class-imbalance": {"warn-ratio": "30"}, "other": {"field": "x=y"}}


@pytest.mark.parametrize(
    "setting", ["", "class-imbalance", "class-imbalance=3", "class-imbalance.warn-ratio", ".x=1"]
)
def test_a_setting_of_another_form_is_refused(setting):
    with pytest.raises(UsageError, match=r"CODE\.FIELD=VALUE"):
        Config().with_settings([setting])


@pytest.mark.parametrize(
    "text",
    ["checks = 3", "unknown = 1", "select = 'a'", "= broken", "[[waivers]]\nfinding = 'x'", "checks.a = 1"],
)
def test_a_broken_file_is_refused_in_one_line(tmp_path, text):
    with pytest.raises(UsageError) as caught:
        load_config(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_waiver_without_a_date_is_refused(tmp_path):
    with pytest.raises(UsageError, match="a date"):
        load_config(write(tmp_path, "[[waivers]]\nfinding='x'\nreason='y'\nowner='z'\nexpires='soon'"))


def test_a_named_file_must_exist_and_the_default_one_need_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config() == Config()
    with pytest.raises(UsageError, match="config file"):
        load_config("nowhere.toml")


def test_a_waiver_holds_for_an_id_or_for_a_whole_check_until_its_last_day():
    until = Waiver(reason="r", owner="o", expires="2026-06-01")
    findings = [finding("a", "train-test"), finding("a", "train-val"), finding("b"), finding("b", value=0)]
    by_id = waive(findings, {"a:train-test": until}, DAY)
    assert [f.waiver is not None for f in by_id] == [True, False, False, False]
    by_code = waive(findings, {"a": until, "b": until}, DAY)
    assert [f.waiver is not None for f in by_code] == [True, True, True, False]  # a pass needs none
    assert all(f.waiver is None for f in waive(findings, {"a": until}, DAY + datetime.timedelta(1)))
    assert expired({"a": until}, DAY) == {}
    assert expired({"a": until}, DAY + datetime.timedelta(1)) == {"a": until}


def test_thresholds_are_named_as_on_the_command_line_and_take_text():
    assert option_name("warn_ratio") == "warn-ratio"
    check = configure(ClassImbalance, {"warn-ratio": "20"})
    assert parameters(check)["warn-ratio"] == 20.0


@pytest.mark.parametrize("settings", [{"warn-ration": 1}, {"warn-ratio": "many"}, {"warn-ratio": None}])
def test_an_unknown_threshold_or_a_value_of_another_kind_is_refused(settings):
    with pytest.raises(UsageError, match="class-imbalance"):
        configure(ClassImbalance, settings)


def test_an_unknown_check_is_refused_with_the_nearest_name():
    with pytest.raises(UsageError, match="did you mean 'class-imbalance'"):
        choose([ClassImbalance], select=["class-imbalence"])
    assert choose([ClassImbalance], ignore=["class-imbalance"]) == []


@pytest.mark.parametrize("line", ["fail-on = 5", 'fail-on = "eror"', "fail-on = []", "waivers = 5"])
def test_keys_of_another_type_are_refused(line, tmp_path):
    (tmp_path / "a.toml").write_text(line)
    with pytest.raises(UsageError, match="expected"):
        load_config(tmp_path / "a.toml")
