"""The certificates that this computer trusts, and those that the environment names.

Companies that inspect encrypted connections have an authority of their own. Its certificate is in
the computer's store, or in a file that one of these variables names.
"""

from __future__ import annotations

import contextlib
import os
import ssl
from pathlib import Path

from app.text import plain

# OpenSSL reads the first two. The others are those of requests and curl, which people set as well.
_FILES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_FOLDERS = ("SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


def trusted() -> ssl.SSLContext:
    """A context for connections to other computers. An unreadable file is ignored, as OpenSSL does:
    :func:`advice` names it once a certificate is refused."""
    import truststore

    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for settings, kind in ((_FILES, "cafile"), (_FOLDERS, "capath")):
        # Reading a large file takes 20 ms, and the variables often name the same one.
        for place in dict.fromkeys(os.environ.get(setting) for setting in settings):
            if place and Path(place).is_dir() == (kind == "capath"):
                with contextlib.suppress(OSError):
                    context.load_verify_locations(**{kind: place})
    return context


def advice() -> str:
    """What to do about a certificate that is refused, as a sentence without its full stop."""
    for setting in dict.fromkeys((*_FILES, *_FOLDERS)):
        place = os.environ.get(setting)
        if place and not os.access(place, os.R_OK):
            kind = "cannot be read" if Path(place).exists() else "does not exist"
            return f"{setting} names {plain(place, 200)}, which {kind}"
    return (
        "If your company inspects encrypted connections, set SSL_CERT_FILE to a file with its"
        " certificate"
    )
