"""Pieces with known truth: who is asked about them, and how answers are scored."""
