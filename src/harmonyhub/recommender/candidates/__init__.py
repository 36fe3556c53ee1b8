"""Candidate models: each gives every track a term of its score and explains it."""
