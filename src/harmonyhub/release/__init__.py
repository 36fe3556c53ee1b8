"""Releases: gate, keeper, switch, synthetic journey, rollback."""
