"""One file per thing the house does: load, decide, store."""
