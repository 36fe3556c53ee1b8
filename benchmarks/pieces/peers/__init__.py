"""One analyser per file, each run in an environment of its own by `serve`."""
