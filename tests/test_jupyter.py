"""Progress in a notebook is one line, escaped, and there is none anywhere else."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from auditor.baseline.fitting import Epoch
from auditor.commands.options import Listeners, default_listeners
from auditor.jupyter import Line, in_notebook


class Display:
    """Stands in for IPython: keeps what was displayed, and how often it was changed."""

    def __init__(self, kernel):
        self.shown, self.made = [], 0
        self.kernel = kernel

    def get_ipython(self):
        return SimpleNamespace(kernel=object()) if self.kernel else SimpleNamespace()

    def display(self, content, *, raw, display_id):
        self.made += 1
        self.shown.append(content)
        return self

    def update(self, content, *, raw):
        self.shown.append(content)


@pytest.fixture
def notebook(monkeypatch):
    def enter(kernel=True):
        made = Display(kernel)
        monkeypatch.setitem(
            sys.modules, "IPython", SimpleNamespace(get_ipython=made.get_ipython, display=made)
        )
        monkeypatch.setitem(sys.modules, "IPython.display", made)
        return made

    return enter


def test_outside_of_a_notebook_nobody_is_told(monkeypatch, notebook):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook() and default_listeners().scan is None
    notebook(kernel=False)
    assert not in_notebook(), "IPython in a terminal has no kernel"
    assert default_listeners().stage == Listeners().stage


def test_one_line_changes_and_not_too_often(notebook):
    shown = notebook()
    listeners = default_listeners()
    listeners.stage("Scanning 1,000 images of <b>x</b>\x1b[31m")
    for done in range(1, 1001):
        listeners.scan(done, 1000, 0, 2)
    assert shown.made == 1 and 2 <= len(shown.shown) < 20
    assert (
        "1,000 of 1,000" in shown.shown[-1]["text/plain"] and "2 unreadable" in shown.shown[-1]["text/plain"]
    )
    assert "<b>" not in shown.shown[-1]["text/html"] and "\x1b" not in shown.shown[-1]["text/html"]


def test_nothing_is_shown_before_something_happens(notebook):
    shown = notebook()
    line = Line()
    assert shown.made == 0
    told = Epoch(
        run="baseline",
        epoch=2,
        epochs=2,
        loss=0.5,
        val_loss=0.25,
        accuracy=0.9,
        val_accuracy=0.9,
        seconds_left=0.0,
    )
    line.epoch(told)
    assert shown.shown[-1]["text/plain"] == "baseline: epoch 2 of 2, loss 0.500, validation loss 0.250"
    assert replace(told, val_loss=float("nan")).losses == "loss 0.500"
