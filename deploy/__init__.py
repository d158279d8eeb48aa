"""Runs VOV for many people: proxy, several processes, database server, object store."""
