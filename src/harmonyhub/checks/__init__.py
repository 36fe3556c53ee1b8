"""One list of checks for `check` and the start gate; every finding has an id and a fix."""
