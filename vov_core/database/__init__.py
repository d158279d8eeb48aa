"""The database: what is known of saved photos, and the numbers that outlive them."""

from vov_core.database.engine import Database
from vov_core.database.models import Base, Mail, Photo, State, Usage
from vov_core.database.people import Account, OneTimeLink, SignIn, SocialIdentity, Tries

__all__ = [
    "Account",
    "Base",
    "Database",
    "Mail",
    "OneTimeLink",
    "Photo",
    "SignIn",
    "SocialIdentity",
    "State",
    "Tries",
    "Usage",
]
