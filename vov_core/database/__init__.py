"""The database: what is known of saved photos, and the numbers that outlive them."""

from vov_core.database.engine import Database
from vov_core.database.models import (
    AuditEntry,
    AuditHead,
    Base,
    Consent,
    Job,
    Mail,
    Photo,
    State,
    UsageDay,
    UsageField,
    UsagePerson,
)
from vov_core.database.people import Account, OneTimeLink, SignIn, SocialIdentity, Tries

__all__ = [
    "Account",
    "AuditEntry",
    "AuditHead",
    "Base",
    "Consent",
    "Database",
    "Job",
    "Mail",
    "OneTimeLink",
    "Photo",
    "SignIn",
    "SocialIdentity",
    "State",
    "Tries",
    "UsageDay",
    "UsageField",
    "UsagePerson",
]
