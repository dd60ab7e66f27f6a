"""Hyperparameter search on the validation images, with Optuna.

Resumable, pruned, within a time budget; test is never looked at.

References
----------
Akiba et al., "Optuna: a next-generation hyperparameter optimization framework", KDD 2019; Bergstra et al.,
"Algorithms for hyper-parameter optimization", NeurIPS 2011 (TPE); Hutter, Hoos, Leyton-Brown, "An efficient
approach for assessing hyperparameter importance", ICML 2014 (fANOVA).
"""

from __future__ import annotations

import hashlib
import json
import math
import time
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.baseline.fitting import Epoch, Run
from auditor.baseline.network import STRIDED_STEM
from auditor.baseline.options import FEWEST_FILTERS, TrainOptions
from auditor.baseline.session import Session, predict
from auditor.errors import DataError, MissingExtraError, UsageError
from auditor.finding import percent, rounded

if TYPE_CHECKING:
    import optuna

#: Trials before any is pruned, and epochs before a trial may be: a median of fewer says little, and early
#: epochs rank little.
STARTUP_TRIALS, WARMUP_EPOCHS = 4, 3
#: What is searched, around Keras' and this project's defaults: a decade to either side of the learning rate
#: (Bengio, "Practical recommendations for gradient-based training of deep architectures", 2012, calls it the
#: one to tune first), penalties from none to where they hold weights near zero, dropout up to the half of
#: Srivastava et al., JMLR 15, 2014.
RATES, DROPOUT, L1, L2 = (3e-4, 3e-2), (0.0, 0.5), (1e-8, 1e-4), (1e-7, 1e-2)
FILTERS = (FEWEST_FILTERS, 32, 64)
#: Factors on the epochs that the stated rule gives.
EPOCHS = (0.5, 1.0, 2.0)


def tune(
    session: Session, trials: int, *, seconds: float = math.inf, deadline: float = math.inf
) -> tuple[Session, Run, dict[str, Any]]:
    """Search layers, filters, epochs, learning rate, dropout, L1 and L2.

    Return the best trial and what was tried.

    The session's own settings are the first trial, with as much time as they have without a search: however
    slow the machine, the best is never worse than they are (on validation). Every trial keeps its checkpoint
    in the session's folder, so that to make the best one's run again is to read it back.

    Parameters
    ----------
    session : Session
    trials : int
        Trials in all; those of an earlier search in the session's folder count.
    seconds, deadline : float
        After how many seconds the search ends; when the first trial does, on `time.monotonic`'s clock.

    Returns
    -------
    session : Session
        Under the settings of the best trial.
    run : Run
        The best trial's.
    facts : dict
        ``trials``, ``best``, ``importance`` (fANOVA) and ``words``.

    Raises
    ------
    UsageError
        Not one trial came to an end.
    """
    import optuna

    end = min(time.monotonic() + seconds, deadline)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna marks parts as experimental
        study = _study(session, trials)
        done = _ended(study)
        while len(done) < trials and (not done or time.monotonic() < end):
            study.optimize(lambda t: _objective(session, t, end if t.number else deadline), n_trials=1)
            done = _ended(study)
        complete = [t for t in done if t.state == optuna.trial.TrialState.COMPLETE]
        if not complete:
            raise UsageError(
                expected="a trial that ends with a score",
                received=f"{len(done)} trials without",
                hint="lower the learning rate, or allow more time with --time-budget",
            )
        best = max(complete, key=lambda t: (t.value or 0.0, -t.number))
        importance = _importance(study, complete)
    facts = {
        "trials": [_row(t) for t in done],
        "best": {"trial": best.number, **_plain(best.params)},
        "importance": importance,
        "words": _words(done, complete, best, trials),
    }
    chosen = _session_of(session, best.params)
    return chosen, _run_of(chosen, best.number), facts


def _study(session: Session, trials: int) -> optuna.Study:
    """Open the search of this data and these settings, or begin it with the session's own settings."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        study_name=_key(session),
        storage=_storage(session),
        direction="maximize",
        sampler=optuna.samplers.TPESampler(
            seed=session.options.seed, n_startup_trials=max(STARTUP_TRIALS, trials // 4)
        ),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=WARMUP_EPOCHS),
        load_if_exists=True,
    )
    if not study.trials:
        study.enqueue_trial(_given(session))
    return study


def _run_of(session: Session, number: int) -> Run:
    return session.run(f"trial {number}", seed=session.options.seed)


def _ended(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    import optuna

    return list(
        study.get_trials(
            deepcopy=False, states=(optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
        )
    )


def _key(session: Session) -> str:
    """Return a name that is the same only where trials may be counted together.

    The same data, settings and seed.
    """
    settings = repr(
        (
            session.size,
            session.scaler,
            session.layers,
            session.options.as_dict() | {"tune": None},
            session.material.labels,
        )
    )
    samples = session.samples()
    return hashlib.sha256(settings.encode() + samples.rows.tobytes() + samples.labels.tobytes()).hexdigest()[
        :16
    ]


def _storage(session: Session) -> Any:
    import optuna

    if session.folder is None:
        return None
    journal = optuna.storages.journal.JournalFileBackend(str(session.folder / "tuning.journal"))
    return optuna.storages.JournalStorage(journal)


def _depths(session: Session) -> list[int]:
    """Return the depths around the session's that the image size allows."""
    side = session.size.image_size
    most = int(math.log2(side)) - (side >= STRIDED_STEM)
    return sorted({min(max(session.size.depth + d, 1), most) for d in (-1, 0, 1)})


def _given(session: Session) -> dict[str, Any]:
    """Return the session's own settings as a trial."""
    o = session.options
    return {
        "depth": session.size.depth,
        "filters": session.size.filters,
        "epochs": 1.0,
        "learning_rate": o.learning_rate,
        "dropout": o.dropout,
        "l1": max(o.l1, L1[0]),
        "l2": max(o.l2, L2[0]),
    }


def _suggest(session: Session, trial: optuna.Trial) -> dict[str, Any]:
    o = session.options
    low, high = min(RATES[0], o.learning_rate), max(RATES[1], o.learning_rate)
    return {
        "depth": trial.suggest_categorical("depth", _depths(session)),
        "filters": trial.suggest_categorical("filters", sorted({*FILTERS, session.size.filters})),
        "epochs": trial.suggest_categorical("epochs", list(EPOCHS)),
        "learning_rate": trial.suggest_float("learning_rate", low, high, log=True),
        "dropout": trial.suggest_float("dropout", DROPOUT[0], max(DROPOUT[1], o.dropout)),
        "l1": trial.suggest_float("l1", L1[0], max(L1[1], o.l1), log=True),
        "l2": trial.suggest_float("l2", L2[0], max(L2[1], o.l2), log=True),
    }


def _session_of(session: Session, params: dict[str, Any]) -> Session:
    """Return the session under the settings of a trial; the smallest L1 stands for none."""
    epochs = max(1, round(session.size.epochs * params["epochs"]))
    options = {name: float(params[name]) for name in ("learning_rate", "dropout", "l1", "l2")}
    options["l1"] = 0.0 if options["l1"] <= 2 * L1[0] else options["l1"]
    size = replace(
        session.size,
        depth=int(params["depth"]),
        filters=int(params["filters"]),
        epochs=epochs,
        patience=max(1, round(session.size.patience * min(params["epochs"], 1.0))),
    )
    return replace(session.with_options(**options), size=size)


def _objective(session: Session, trial: optuna.Trial, deadline: float) -> float:
    """Train one trial; returns the balanced accuracy of its best epoch's weights on the validation images."""
    import optuna

    tried = _session_of(session, _suggest(session, trial))

    def on_epoch(epoch: Epoch) -> None:
        if session.on_epoch is not None:
            session.on_epoch(epoch)
        trial.report(epoch.val_accuracy, epoch.epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    run = replace(_run_of(tried, trial.number), deadline=deadline, on_epoch=on_epoch)
    try:
        net, history = tried.train(run)
    except DataError as error:  # the loss is not a number, or there was no time for one epoch
        trial.set_user_attr("failed", str(error))
        raise optuna.TrialPruned from None
    if trial.number and history["ended_by"] == "time":  # a score of half a training ranks nothing
        raise optuna.TrialPruned
    val = session.material.val
    predicted = predict(net, val).argmax(axis=1)
    trial.set_user_attr("epochs_run", len(history["loss"]))
    return float(np.mean([(predicted[val.labels == k] == k).mean() for k in np.unique(val.labels)]))


def _importance(study: optuna.Study, complete: list[optuna.trial.FrozenTrial]) -> dict[str, float | None]:
    """Return each setting's share of the variance of the score.

    Nothing where there are fewer than ten trials.
    """
    import optuna

    if len(complete) < 10 or len({t.value for t in complete}) < 2:
        return {}
    try:
        found = optuna.importance.get_param_importances(
            study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
        )
    except (ValueError, RuntimeError, ImportError):
        return {}
    return {name: rounded(value) for name, value in found.items()}


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    return {
        name: rounded(v) if isinstance(v, float) else v for name, v in json.loads(json.dumps(params)).items()
    }


def _row(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    state = (
        "whole"
        if trial.value is not None and trial.state.name == "COMPLETE"
        else "failed"
        if trial.user_attrs
        else "pruned"
    )
    return {
        "trial": trial.number,
        **_plain(trial.params),
        "state": state,
        "balanced_accuracy": rounded(trial.value) if state == "whole" and trial.value is not None else None,
        "epochs_run": trial.user_attrs.get("epochs_run", len(trial.intermediate_values)),
    }


def _words(done: list[Any], complete: list[Any], best: Any, asked: int) -> str:
    first = next((t for t in complete if t.number == 0), None)
    short = f" {asked - len(done)} did not fit into the time budget." if len(done) < asked else ""
    gain = (
        f", {100 * (best.value - first.value):+.1f} points against the defaults" if first is not None else ""
    )
    return (
        f"{len(done)} trials, {len(done) - len(complete)} of them ended early. The best reaches "
        f"{percent(best.value, 1)} "
        f"balanced accuracy on the validation images{gain}; the best of many is partly luck, so only "
        f"the test score counts.{short}"
    )


def check_tuning(options: TrainOptions) -> None:
    """Refuse early what would fail late: a search without Optuna."""
    from importlib.util import find_spec

    if options.tune and find_spec("optuna") is None:
        raise MissingExtraError.of("optuna", "tune")
