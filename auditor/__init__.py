"""auditor: data-quality audits of image data sets, before training and after.

>>> import auditor
>>> auditor.__version__
'0.1.0'

The public functions are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from auditor.commands.apply import apply as apply
    from auditor.commands.apply import undo as undo
    from auditor.commands.audit import Audit as Audit
    from auditor.commands.augment import augment as augment
    from auditor.commands.check import check as check
    from auditor.commands.compare import compare as compare
    from auditor.commands.config import Config as Config
    from auditor.commands.config import load_config as load_config
    from auditor.commands.demo import demo as demo
    from auditor.commands.options import AugmentOptions as AugmentOptions
    from auditor.commands.options import Listeners as Listeners
    from auditor.commands.options import ScanOptions as ScanOptions
    from auditor.commands.options import SplitOptions as SplitOptions
    from auditor.commands.report import load as load
    from auditor.commands.report import report as report
    from auditor.commands.run import run as run
    from auditor.commands.scan import scan as scan
    from auditor.commands.selftest import selftest as selftest
    from auditor.commands.split import split as split
    from auditor.commands.train import train as train
    from auditor.commands.verify import verify as verify
    from auditor.dataset import Dataset as Dataset
    from auditor.exporting import export as export
    from auditor.readers import open_dataset

    open = open_dataset  # the name that users expect; an import under another name would not be exported

#: Where each public name lives.
_PUBLIC = {
    "Audit": "auditor.commands.audit:Audit",
    "AugmentOptions": "auditor.commands.options:AugmentOptions",
    "Config": "auditor.commands.config:Config",
    "Dataset": "auditor.dataset:Dataset",
    "Listeners": "auditor.commands.options:Listeners",
    "ScanOptions": "auditor.commands.options:ScanOptions",
    "SplitOptions": "auditor.commands.options:SplitOptions",
    "apply": "auditor.commands.apply:apply",
    "augment": "auditor.commands.augment:augment",
    "check": "auditor.commands.check:check",
    "compare": "auditor.commands.compare:compare",
    "demo": "auditor.commands.demo:demo",
    "export": "auditor.exporting:export",
    "load": "auditor.commands.report:load",
    "load_config": "auditor.commands.config:load_config",
    "open": "auditor.readers:open_dataset",
    "report": "auditor.commands.report:report",
    "run": "auditor.commands.run:run",
    "scan": "auditor.commands.scan:scan",
    "selftest": "auditor.commands.selftest:selftest",
    "split": "auditor.commands.split:split",
    "train": "auditor.commands.train:train",
    "undo": "auditor.commands.apply:undo",
    "verify": "auditor.commands.verify:verify",
}

#: What ``from auditor import *`` brings: all but what would hide a name of Python's own.
__all__ = ["__version__", *sorted(_PUBLIC.keys() - {"open"})]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'auditor' has no attribute {name!r}")
    from importlib import import_module

    module, _, attribute = _PUBLIC[name].partition(":")
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
