"""What browsers are told: which scripts a page may run, and that nobody may frame it.

No answer names another origin (CORS): the phone's page is served from here, the mini-program
is no browser.
"""

from __future__ import annotations

import base64
import hashlib
import re

from flask import Response

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NOTHING = "default-src 'none'; frame-ancestors 'none'"
# Styles: uni-app and Swagger UI write style attributes. Fonts and pictures: their icons are
# data URLs, and a picture that is to be sent is shown from the phone's memory.
PAGE = (
    "default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
INLINE = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)


def protect(response: Response) -> Response:
    """Add the headers; a page's own inline scripts are named by their hash."""
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", _policy(response))
    return response


def _policy(response: Response) -> str:
    if response.mimetype != "text/html":
        return NOTHING
    response.direct_passthrough = False  # a file's page is read here
    scripts = [f"'{digest(found)}'" for found in INLINE.findall(response.get_data(as_text=True))]
    return PAGE.format(scripts=" ".join(["'self'", *scripts]))


def digest(script: str) -> str:
    """Return the hash source of an inline script (CSP level 2)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"
