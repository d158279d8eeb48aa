"""How long things live."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from vov_core.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Days until something is purged; 0 keeps it until somebody deletes it.

    Attributes:
        guest_days: Of a guest's saved photo. As long as the guest's cookie lives by default:
            after that nobody could reach the photo anyway.
        member_days: Of a member's saved photo.
        audit_days: Of an entry of the audit trail.
    """

    guest_days: int = 30
    member_days: int = 0
    audit_days: int = 730

    @classmethod
    def of(cls, settings: Settings) -> "Retention":
        """As the operator decided."""
        return cls(
            guest_days=settings.guest_days,
            member_days=settings.member_days,
            audit_days=settings.audit_days,
        )

    def days(self, kind: str) -> int:
        """Of a photo that such an owner saved."""
        return self.guest_days if kind == "guest" else self.member_days

    def until(self, kind: str, saved_at: datetime) -> datetime | None:
        """When such a photo is purged; None if never."""
        days = self.days(kind)
        return saved_at + timedelta(days=days) if days else None
