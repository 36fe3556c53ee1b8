"""`harmonyhub ...`: thin commands over the flows, each with `--json` for machines."""
