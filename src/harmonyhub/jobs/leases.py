"""How long a job belongs to its worker; apart from the flows, which the worker never loads."""

LEASE_S = 30  # many missed heartbeats: a paused machine keeps its job, a dead one loses it
MAX_ATTEMPTS = 3

# Six hours of audio take ten minutes here; a file that takes more keeps its job's slot for ever.
ANALYSIS_CPU_S = 3600
