"""Sound for peers that read few formats: ffmpeg makes it a wav file, at the peer's expense."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def wav_of(path: str, *, codec: str = "pcm_s16le", rate: int | None = None) -> Iterator[str]:
    """Decode a file into a wav file of a temporary folder, at its own rate unless one is named."""
    with TemporaryDirectory(prefix="peer-") as folder:
        wav = str(Path(folder) / "sound.wav")
        command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:a:0", "-c:a", codec]
        command += ["-ar", str(rate)] if rate else []
        subprocess.run([*command, wav], check=True)
        yield wav
