"""Augmentation that is aimed at rare classes and stays in its parents' split; resampling and class weights."""

from auditor.augmentation.augmented import Augmentation
from auditor.augmentation.planning import plan_augmentation
from auditor.augmentation.policy import PRESETS, Policy, Step

__all__ = ["PRESETS", "Augmentation", "Policy", "Step", "plan_augmentation"]
