"""Pictures of the fake's music: a square in a colour of its own, served by the fake itself."""

from hashlib import sha256

from harmonyhub.drills.http import Answer

PREFIX = "/image/"


def answer_picture_request(path: str) -> Answer:
    """Draw the picture of `/image/ID-SIDE`."""
    id_, _, side = path.removeprefix(PREFIX).rpartition("-")
    if not id_ or not side.isdecimal() or not 0 < int(side) <= 640:
        return Answer(404)
    hue = int.from_bytes(sha256(id_.encode()).digest()[:2], "big") % 360
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" '
        f'viewBox="0 0 4 4"><rect width="4" height="4" fill="hsl({hue} 45% 40%)"/>'
        f'<circle cx="2" cy="2" r="1" fill="hsl({hue} 45% 70%)"/></svg>'
    )
    headers = {"Content-Type": "image/svg+xml", "Cache-Control": "max-age=3600"}
    return Answer(200, drawing.encode(), headers)
