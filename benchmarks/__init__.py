"""What is measured, each by one command; the figures are in RESULTS.md."""
