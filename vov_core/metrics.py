"""Figures for the operator's monitoring, in Prometheus' text format on a port of their own.

They tell how much and how long, never whose and never what: no label holds anything of a person or
a photo. The port is off by default and belongs where only the operator's network reaches it.
"""

from collections.abc import Mapping
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    start_http_server,
)

from vov_core import __version__
from vov_core.errors import SettingsError
from vov_core.settings import Settings
from vov_core.turns import Turns

REGISTRY: Final = CollectorRegistry()

_STAGE: Final = Histogram(
    "vov_stage_seconds",
    "Time that one photo spends in a stage of its way.",
    ["stage"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
    registry=REGISTRY,
)
_WAIT: Final = Histogram(
    "vov_wait_seconds",
    "Time that a photo waits for its turn at the models.",
    buckets=(0.01, 0.1, 1, 3, 10, 30, 100, 300),
    registry=REGISTRY,
)
_WAITING: Final = Gauge("vov_photos_waiting", "Photos that wait for their turn.", registry=REGISTRY)
_IN_WORK: Final = Gauge("vov_photos_in_work", "Photos that have their turn.", registry=REGISTRY)
_ERRORS: Final = Counter(
    "vov_errors", "Errors that people were told, by code.", ["code"], registry=REGISTRY
)
_BUILD: Final = Gauge("vov_build_info", "1, with the version.", ["version"], registry=REGISTRY)

_BUILD.labels(__version__).set(1)
ProcessCollector(registry=REGISTRY)


def observe_stages(ms: Mapping[str, float]) -> None:
    """Counts the stages of one photo.

    Args:
        ms: Stage -> milliseconds; stages are names from the code.
    """
    for stage, value in ms.items():
        _STAGE.labels(stage).observe(value / 1000)


def observe_wait(seconds: float) -> None:
    """Counts how long a photo has waited for its turn."""
    _WAIT.observe(seconds)


def count_error(code: str) -> None:
    """Counts an error that a person was told."""
    _ERRORS.labels(code).inc()


def watch(turns: Turns) -> None:
    """Lets the gauges show this queue."""
    _WAITING.set_function(lambda: turns.waiting)
    _IN_WORK.set_function(lambda: turns.in_work)


def serve(settings: Settings) -> int | None:
    """Opens the port, if the settings name one.

    Returns:
        The port; None where there is none.

    Raises:
        SettingsError: The port can't be opened.
    """
    if not settings.metrics_port:
        return None
    try:
        server, _ = start_http_server(settings.metrics_port, settings.metrics_host, REGISTRY)
    except OSError:
        raise SettingsError(name="metrics_port", reason="not_usable") from None
    return int(server.server_port)
