"""The API under /api/v1, one file per thing it speaks of."""
