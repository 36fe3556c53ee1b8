"""Where listens and tracks come from; foreign formats are translated at their own door here."""
