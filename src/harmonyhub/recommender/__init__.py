"""The recommender: pure computation from listens to ranked tracks with true reasons."""

from harmonyhub.recommender.training import train_index

__all__ = ["train_index"]
