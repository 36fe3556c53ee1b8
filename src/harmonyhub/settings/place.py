"""The id of a data folder: by it processes tell whether they see the same files."""

import re
import secrets

from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.settings.keys import read_or_make
from harmonyhub.settings.model import Settings

PLACE_FILE = "place.id"
SHAPE = re.compile(r"[0-9a-f]{16}")


def place_id(settings: Settings) -> str:
    """Return the id of the data folder; make `place.id` at the first start.

    Containers change their names and machines their addresses; what lies in the folder stays.

    Raises
    ------
    ConfigurationError
        If the file is damaged or cannot be read or made.
    """
    path = settings.data_dir / PLACE_FILE
    text = read_or_make(path, make=lambda: secrets.token_hex(8), variable="HARMONYHUB_DATA_DIR")
    if SHAPE.fullmatch(text) is None:
        raise ConfigurationError(
            f"{path} does not hold the id of a data folder.",
            hint="Remove it and start again: the music folder is then read once more.",
        )
    return text
