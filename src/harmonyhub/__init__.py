"""HarmonyHub: personalized music recommendations and track analysis."""

__version__ = "0.1.0"
