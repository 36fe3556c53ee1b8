"""Takes every secret out of what a check says, in whatever form it got into it."""

import base64
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import quote, quote_plus

from harmonyhub.domain.findings import Finding, Result
from harmonyhub.settings.secret import MASK

SHORTEST_MASKED = 4  # shorter texts stand in ordinary words; no secret that short is accepted


class Masker:
    """Replaces secrets as they are, URL-encoded, in base64 and in hex."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {
            form
            for secret in secrets
            if len(secret) >= SHORTEST_MASKED
            for form in _forms(secret)
            if len(form) >= SHORTEST_MASKED
        }
        # The longest first: a password may be part of an address that is a secret as a whole.
        self._forms = sorted(forms, key=len, reverse=True)

    def mask(self, text: str) -> str:
        """Replace every secret in a text."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return text

    def mask_result(self, result: Result) -> Result:
        """Replace every secret in a result and its finding."""
        finding = result.finding and self._mask_finding(result.finding)
        return replace(result, finding=finding, note=self.mask(result.note))

    def _mask_finding(self, finding: Finding) -> Finding:
        return replace(
            finding,
            message=self.mask(finding.message),
            fix=self.mask(finding.fix),
            evidence=self.mask(finding.evidence),
            provenance=self.mask(finding.provenance),
        )


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    return {
        secret,
        repr(secret)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
        raw.hex(),
        raw.hex().upper(),
        *_base64_forms(raw),
    }


def _base64_forms(raw: bytes) -> set[str]:
    """Give what stays of the bytes in base64 wherever in a longer text they begin."""
    forms = set()
    for n_before in range(3):
        plain = base64.b64encode(b"\0" * n_before + raw).decode().rstrip("=")
        # The first and last characters hold bits of the neighbours too.
        start = (n_before * 8 + 5) // 6
        end = (n_before + len(raw)) * 8 // 6
        forms |= {plain[start:end], plain[start:end].replace("+", "-").replace("/", "_")}
    return forms
