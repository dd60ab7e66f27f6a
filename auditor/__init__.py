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
    from auditor.audit import Audit as Audit
    from auditor.audit import load as load
    from auditor.audit import run as run
    from auditor.audit import scan as scan
    from auditor.config import Config as Config
    from auditor.config import load_config as load_config
    from auditor.dataset import Dataset as Dataset
    from auditor.demonstration import demo as demo
    from auditor.exporting import export as export
    from auditor.options import Listeners as Listeners
    from auditor.options import ScanOptions as ScanOptions
    from auditor.preparation import augment as augment
    from auditor.preparation import split as split
    from auditor.preparation import train as train
    from auditor.preparation import verify as verify
    from auditor.readers import open_dataset
    from auditor.review import apply as apply
    from auditor.review import check as check
    from auditor.review import compare as compare
    from auditor.review import report as report
    from auditor.review import selftest as selftest
    from auditor.review import undo as undo

    open = open_dataset  # the name that users expect; an import under another name would not be exported

#: Where each public name lives.
_PUBLIC = {
    "Audit": "auditor.audit:Audit",
    "Config": "auditor.config:Config",
    "Dataset": "auditor.dataset:Dataset",
    "Listeners": "auditor.options:Listeners",
    "ScanOptions": "auditor.options:ScanOptions",
    "apply": "auditor.review:apply",
    "augment": "auditor.preparation:augment",
    "check": "auditor.review:check",
    "compare": "auditor.review:compare",
    "demo": "auditor.demonstration:demo",
    "export": "auditor.exporting:export",
    "load": "auditor.audit:load",
    "load_config": "auditor.config:load_config",
    "open": "auditor.readers:open_dataset",
    "report": "auditor.review:report",
    "run": "auditor.audit:run",
    "scan": "auditor.audit:scan",
    "selftest": "auditor.review:selftest",
    "split": "auditor.preparation:split",
    "train": "auditor.preparation:train",
    "undo": "auditor.review:undo",
    "verify": "auditor.preparation:verify",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


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
