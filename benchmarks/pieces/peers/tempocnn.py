"""TempoCNN (AGPL-3.0): one tempo, by its default network."""

from tempocnn.classifier import TempoClassifier
from tempocnn.feature import read_features

classifier = TempoClassifier("fcn")


def ask(path: str) -> dict[str, object]:
    """Run what its program `tempo` runs."""
    return {"tempo": float(classifier.estimate_tempo(read_features(path)))}
