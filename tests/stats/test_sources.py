"""Each statistic names where it comes from."""

import importlib
import inspect
import pkgutil

import pytest

import auditor.stats

FUNCTIONS = [
    (module.name, name, found)
    for module in pkgutil.iter_modules(auditor.stats.__path__, "auditor.stats.")
    for name, found in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction)
    if found.__module__ == module.name and not name.startswith("_")
]


@pytest.mark.parametrize(
    "function", [f for _, _, f in FUNCTIONS], ids=[f"{m.rsplit('.', 1)[-1]}.{n}" for m, n, _ in FUNCTIONS]
)
def test_it_cites_its_source(function):
    text = inspect.getdoc(function)
    assert any(year in text for year in map(str, range(1890, 2027))), (
        f"{function.__name__} names no paper or book with its year"
    )


def test_there_are_statistics():
    assert len(FUNCTIONS) > 20
