"""One file per change of the tables, in ``versions``; run at start by ``Database.migrate``."""
