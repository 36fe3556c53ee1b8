"""The registry of environment variables and what becomes of it: Settings, findings, reference."""
