"""Named settings as JSON: what is written can be read, and what is read is checked."""

import json
from collections.abc import Mapping
from typing import Any

from vov_core.errors import PresetsUnreadableError
from vov_core.lab.trials import Trial
from vov_core.masks import STYLES
from vov_core.pipeline import Look
from vov_core.select import Mode, Rules

PRESETS_LIMIT = 50
_NAME = 60
_BYTES = 200_000
_RANGES = {
    "confidence": (0.05, 0.95),
    "merge": (0.1, 1.0),
    "coverage": (0.8, 2.0),
    "strength": (0.0, 1.0),
    "softness": (0.0, 1.0),
}


def to_plain(trial: Trial) -> dict[str, Any]:
    """A trial as plain values."""
    return {
        "mode": trial.rules.mode.value,
        "style": trial.look.style,
        "confidence": trial.rules.confidence,
        "merge": trial.merge,
        "coverage": trial.look.coverage,
        "strength": trial.look.strength,
        "softness": trial.look.softness,
    }


def from_plain(values: Mapping[str, Any]) -> Trial:
    """The trial of plain values; what is missing has its default.

    Raises:
        PresetsUnreadableError: A value is not one that VOV knows.
    """
    known = {**to_plain(Trial()), **values}
    try:
        numbers = {name: _number(known[name], *limits) for name, limits in _RANGES.items()}
        mode, style = Mode(known["mode"]), str(known["style"])
    except (ValueError, TypeError) as error:
        raise PresetsUnreadableError from error
    if style not in STYLES:
        raise PresetsUnreadableError
    return Trial(
        rules=Rules(mode=mode, confidence=numbers["confidence"]),
        look=Look(
            style=style,
            coverage=numbers["coverage"],
            strength=numbers["strength"],
            softness=numbers["softness"],
        ),
        merge=numbers["merge"],
    )


def dump_presets(presets: Mapping[str, Trial]) -> str:
    """Presets as JSON."""
    plain = {name: to_plain(trial) for name, trial in presets.items()}
    return json.dumps({"vov_presets": plain}, ensure_ascii=False, indent=2)


def load_presets(data: bytes) -> dict[str, Trial]:
    """Presets out of JSON.

    Raises:
        PresetsUnreadableError: It is no file of presets, or has too many.
    """
    if len(data) > _BYTES:
        raise PresetsUnreadableError
    try:
        content = json.loads(data)["vov_presets"]
        rows = [(preset_name(name), from_plain(values)) for name, values in content.items()]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise PresetsUnreadableError from error
    presets = {name: trial for name, trial in rows if name}
    if not presets or len(presets) > PRESETS_LIMIT:
        raise PresetsUnreadableError
    return presets


def preset_name(name: str) -> str:
    """A person's name for a preset: printable, one line, not too long; may be empty."""
    return "".join(c for c in str(name) if c.isprintable()).strip()[:_NAME]


def _number(value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not low <= value <= high:
        raise ValueError
    return float(value)
