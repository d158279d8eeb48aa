"""The database: what is known of saved photos, and the numbers that outlive them."""

from vov_core.database.engine import Database
from vov_core.database.models import Base, Photo, State, Usage

__all__ = ["Base", "Database", "Photo", "State", "Usage"]
