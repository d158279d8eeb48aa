"""From an approval to the archive's receipt, and a receipt as lines for people."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pages._shared.session import number, t
from vov_core import __version__
from vov_core.archive import Receipt, SavedPhoto
from vov_core.finder import HAND_MODEL
from vov_core.live import Recording
from vov_core.media import VIDEO_FORMAT
from vov_core.models import model
from vov_core.pipeline import Look
from vov_core.select import Rules
from vov_core.video import Subject, VideoApproval, VideoItem
from vov_core.workspace import Approval, Item


def settings_of(look: Look, rules: Rules) -> dict[str, Any]:
    """What every receipt says of how and when an output was approved."""
    return {
        "approved_at": datetime.now(UTC),
        "app_version": __version__,
        "style": look.style,
        "mode": str(rules.mode),
        "confidence": rules.confidence,
        "coverage": look.coverage,
        "strength": look.strength,
        "softness": look.softness,
    }


def receipt_of(item: Item, approval: Approval) -> Receipt:
    """The facts of an approval; nothing that shows the photo."""
    report, selection, tuning = approval.output.report, approval.selection, approval.tuning
    return Receipt(
        output_sha256=report.sha256,
        file_name=approval.file_name,
        format=str(approval.output.format),
        width=report.width,
        height=report.height,
        verdict=selection.verdict,
        hands=len(item.findings.hands),
        regions_found=len(selection.found),
        fingerprints_covered=len(selection.masked),
        left_out=len(approval.edits.left_out),
        drawn=len(approval.edits.drawn),
        models=item.findings.models,
        ms_total=approval.ms,
        **settings_of(tuning.look, tuning.rules) | {"approved_at": approval.at},
        **asdict(approval.exposure),
    )


def video_receipt_of(item: VideoItem, approval: VideoApproval) -> Receipt:
    """The facts of an approved video; nothing that shows it."""
    rendered, findings = approval.rendered, item.findings
    assert findings is not None
    report, plan = rendered.report, rendered.plan
    hands = [track for track in findings.tracks if track.subject is Subject.HAND]
    return Receipt(
        output_sha256=report.sha256,
        file_name=approval.file_name,
        format=VIDEO_FORMAT,
        width=report.width,
        height=report.height,
        verdict=rendered.verdict,
        hands=len(hands),
        regions_found=report.regions_found,
        fingerprints_covered=report.regions,
        left_out=report.left_open,
        drawn=0,
        models=findings.models,
        ms_total=sum(findings.ms.values()) + sum(rendered.ms.values()),
        **settings_of(plan.look, plan.rules),
    )


def recording_receipt_of(recording: Recording, file_name: str) -> Receipt:
    """The facts of an approved recording of the live picture; nothing that shows it.

    What is counted is the most that was covered in one frame: the live picture does not know
    whether a hand that comes back is the same one.
    """
    return Receipt(
        output_sha256=recording.sha256,
        file_name=file_name,
        format=VIDEO_FORMAT,
        width=recording.width,
        height=recording.height,
        verdict=recording.verdict,
        hands=recording.hands,
        regions_found=recording.covered,
        fingerprints_covered=recording.covered,
        left_out=0,
        drawn=0,
        models={HAND_MODEL: model(HAND_MODEL).version},
        ms_total=recording.ms,
        **settings_of(recording.look, Rules()),
    )


def size_text(size: int) -> str:
    """Bytes for people."""
    value, units = float(size), ("B", "kB", "MB", "GB", "TB")
    for unit in units:
        if round(value, 1) < 1000 or unit == units[-1]:
            return f"{value:,.0f} {unit}" if unit == "B" else f"{value:,.1f} {unit}"
        value /= 1000
    raise AssertionError


def _exposure(receipt: Receipt) -> str:
    """How readable the finger tips were, in words."""
    if receipt.readable is None:
        return t("receipt.exposure_unknown")
    counts = {name: getattr(receipt, name) for name in ("readable", "partly", "unreadable")}
    return t("receipt.exposure_counts", **counts)


def lines(photo: SavedPhoto) -> dict[str, str]:
    """A receipt as label -> value in the session's language."""
    receipt = photo.receipt
    return {
        t("receipt.file"): receipt.file_name,
        t("receipt.time"): f"{photo.saved_at:%Y-%m-%d %H:%M:%S}",
        t("receipt.verdict"): t(f"receipt.{receipt.verdict}"),
        t("receipt.covered"): number(receipt.fingerprints_covered),
        t("receipt.left_out"): number(receipt.left_out),
        t("receipt.drawn"): number(receipt.drawn),
        t("receipt.exposure"): _exposure(receipt),
        t("receipt.hands"): number(receipt.hands),
        t("receipt.style"): t(f"styles.{receipt.style}"),
        t("receipt.mode"): t(f"controls.mode_{receipt.mode}"),
        t("receipt.confidence"): f"{receipt.confidence:.0%}",
        t("receipt.coverage"): f"{receipt.coverage:.0%}",
        t("receipt.strength"): f"{receipt.strength:.0%}",
        t("receipt.softness"): f"{receipt.softness:.0%}",
        t("receipt.dimensions"): f"{receipt.width} × {receipt.height} px",
        t("receipt.size"): size_text(photo.bytes),
        t("receipt.sha256"): receipt.output_sha256,
        t("receipt.models"): ", ".join(f"{n} {v}" for n, v in receipt.models.items()),
        t("receipt.who"): t(f"receipt.{photo.owner_kind}"),
        t("receipt.version"): receipt.app_version,
    }
