"""The recommender: pure computation from listens to ranked tracks with true reasons."""

from harmonyhub.recommender.research import train_index

__all__ = ["train_index"]
