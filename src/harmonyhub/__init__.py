"""HarmonyHub: personalized music recommendations and track analysis."""

