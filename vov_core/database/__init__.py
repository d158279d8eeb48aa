"""The database: what is known of saved photos, and the numbers that outlive them."""

from vov_core.database.engine import Database
from vov_core.database.models import Base, Mail, Photo, State, Usage

__all__ = ["Base", "Database", "Mail", "Photo", "State", "Usage"]
