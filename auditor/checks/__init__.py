"""One file per check; `CHECKS` lists them in the order in which they are run."""

from auditor.checks.animated import Animated
from auditor.checks.base import Check, Wording, choose, configure, parameters, run_checks
from auditor.checks.bit_depth import BitDepth
from auditor.checks.blurry import Blurry
from auditor.checks.bright import Bright
from auditor.checks.class_content_shift import ClassContentShift
from auditor.checks.class_imbalance import ClassImbalance
from auditor.checks.collection_order import CollectionOrder
from auditor.checks.colour_mode import ColourMode
from auditor.checks.conflicting_labels import ConflictingLabels
from auditor.checks.content_shift import ContentShift
from auditor.checks.dark import Dark
from auditor.checks.decoder_mismatch import DecoderMismatch
from auditor.checks.empty_class import EmptyClass
from auditor.checks.exact_duplicate import ExactDuplicate
from auditor.checks.group_leak import GroupLeak
from auditor.checks.group_names import GroupNames
from auditor.checks.label_error import LabelError
from auditor.checks.label_names import LabelNames
from auditor.checks.label_shift import LabelShift
from auditor.checks.low_contrast import LowContrast
from auditor.checks.low_information import LowInformation
from auditor.checks.near_duplicate import NearDuplicate
from auditor.checks.odd_aspect import OddAspect
from auditor.checks.odd_size import OddSize
from auditor.checks.orientation import Orientation
from auditor.checks.outlier import Outlier
from auditor.checks.plugins import every_check
from auditor.checks.privacy import Privacy
from auditor.checks.property_shift import PropertyShift
from auditor.checks.rare_class import RareClass
from auditor.checks.resize import Resize
from auditor.checks.scaling import Scaling
from auditor.checks.shortcut import Shortcut
from auditor.checks.split_leak import SplitLeak
from auditor.checks.test_too_small import TestTooSmall
from auditor.checks.truncated import Truncated
from auditor.checks.unlabelled import Unlabelled
from auditor.checks.unreadable import Unreadable
from auditor.checks.unseen_class import UnseenClass
from auditor.checks.wrong_extension import WrongExtension

CHECKS: tuple[type[Check], ...] = (
    Unreadable,
    Truncated,
    WrongExtension,
    Animated,
    ColourMode,
    BitDepth,
    Orientation,
    DecoderMismatch,
    Privacy,
    Dark,
    Bright,
    LowContrast,
    Blurry,
    LowInformation,
    OddSize,
    OddAspect,
    ExactDuplicate,
    NearDuplicate,
    ConflictingLabels,
    SplitLeak,
    GroupLeak,
    ClassImbalance,
    RareClass,
    TestTooSmall,
    EmptyClass,
    LabelNames,
    GroupNames,
    Unlabelled,
    LabelShift,
    PropertyShift,
    ContentShift,
    ClassContentShift,
    UnseenClass,
    LabelError,
    Outlier,
    Shortcut,
    CollectionOrder,
    Scaling,
    Resize,
)

__all__ = ["CHECKS", "Check", "Wording", "choose", "configure", "every_check", "parameters", "run_checks"]
