"""The tuning lab's parts: loading, settings, views."""
