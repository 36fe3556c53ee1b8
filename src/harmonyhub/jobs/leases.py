"""How long a job belongs to its worker; apart from the flows, which the worker never loads."""

LEASE_S = 30  # many missed heartbeats: a paused machine keeps its job, a dead one loses it
MAX_ATTEMPTS = 3
