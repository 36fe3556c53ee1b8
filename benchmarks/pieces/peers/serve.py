"""Runs one analyser in an environment of its own: paths in, one JSON object per line out.

    python -m benchmarks.pieces.peers.serve NAME

NAME is a module beside this one; its `ask` takes a path and gives the answer as plain JSON values.
Nothing here may need more than Python: the environment is the peer's.
"""

import importlib
import json
import os
import resource
import sys


def spent_s() -> float:
    """Processor time of this process and of the decoders that it started, in seconds."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def main() -> None:
    """Answer until there are no more paths."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # peers print: that must not get between the replies
    ask = importlib.import_module(f"benchmarks.pieces.peers.{sys.argv[1]}").ask
    for line in sys.stdin:
        before_s = spent_s()
        try:
            reply = {"answer": ask(line.rstrip("\n"))}
        except Exception as error:  # noqa: BLE001  whatever a peer stumbles over is its answer
            reply = {"error": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(reply | {"seconds": spent_s() - before_s}) + "\n")


if __name__ == "__main__":
    main()
