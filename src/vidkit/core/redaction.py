"""Show URLs without user name and password, even malformed ones.

A password with an unescaped `/`, `?`, `#` or `@` moves the end of the host (RFC 3986, 3.2), so a parser takes part
of the password for the host, the path or the port. If that is possible, everything before the last `@` is removed.
"""

from __future__ import annotations

import os
import re

_HOST = re.compile(
    r"(localhost|\[[0-9a-f:.]+\]|\d{1,3}(\.\d{1,3}){3}|([\w-]+\.)+([^\W\d_]{2,}|xn--[\w-]+)\.?)(:\d*)?",
    re.IGNORECASE,
)
_BEGINNING = re.compile(r"\s*(?:(?:[a-z][a-z0-9+.-]*:)?[/\\]{2,}|(?:https?|ftp|file):[/\\]?)", re.IGNORECASE)
_USER = re.compile(r"\s*[^/\\@:\s]{2,}:")  # one letter and a colon are a drive on Windows
# In a text: a URL with a scheme, one that begins with two slashes, or user:password@host.
_IN_TEXT = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:|(?<![\w:/\\]))[/\\]{2,}(?:(?![a-z][a-z0-9+.-]*://)\S)*|(?<![\w.%+~-])[\w.%+~-]{2,}:\S+@\S*",
    re.IGNORECASE,
)


# The keys, session cookies and sign-in tokens of `vidkit serve`: a prefix and 256 random bits.
TOKEN = re.compile(r"v[kst]_[A-Za-z0-9_-]{43}")


# The signature of a signed URL: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html and
# the same at Google and Azure. Also in a URL that is percent-encoded inside another one.
_SIGNATURE = re.compile(
    r"\b(X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)|sig)(=|%3D)[^&\s\"'<>\\]+", re.IGNORECASE
)


def shown_url(url: str) -> str:
    """A URL without its user name and password. The path of an existing file is unchanged."""
    if "@" not in url:
        return url
    begin, rest = _split(url)
    if rest is None or (not begin and os.path.lexists(url)):
        return url
    return begin + rest[_userinfo_end(rest) :]


def without_secrets(text: str) -> str:
    """A text without the user names, passwords and signatures of its URLs, and without vidkit's own keys.

    vidkit's example of a URL with a password is kept.
    """

    def shown(match: re.Match[str]) -> str:
        return match[0] if "user:password@host" in match[0] else shown_url(match[0])

    if "_" in text:
        text = TOKEN.sub("***", text)
    text = without_signatures(text)
    return _IN_TEXT.sub(shown, text) if "@" in text else text


def without_signatures(text: str) -> str:
    """A text without the signatures of its signed URLs."""
    return _SIGNATURE.sub(r"\1\2***", text) if "=" in text or "%3" in text else text


def is_unclear(url: str) -> bool:
    """Whether a URL's user name and password probably end elsewhere than by the URL grammar."""
    rest = _split(url)[1]
    if rest is None or "@" not in rest:
        return False
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    return _userinfo_end(rest) != authority.rfind("@") + 1


def is_plausible_host(text: str) -> bool:
    """Whether this looks like a host, with or without its port: a name with dots, an address, localhost."""
    return _HOST.fullmatch(text) is not None


def _split(url: str) -> tuple[str, str | None]:
    """A URL up to its two slashes, and the rest; the rest is None if the URL cannot have a user name."""
    begin = _BEGINNING.match(url)
    if begin is None:
        return "", url if _USER.match(url) else None
    if re.fullmatch(r"\s*file:[/\\]{3,}", begin[0], re.IGNORECASE):
        return url, None
    return begin[0], url[begin.end() :]


def _userinfo_end(rest: str) -> int:
    """Where the user name and password end, in the text after a URL's two slashes; 0 if there are none."""
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    inner, last = authority.rfind("@"), rest.rfind("@")
    if inner == last:
        return last + 1
    if is_plausible_host(authority[inner + 1 :]):
        return inner + 1
    if inner < 0:
        # `host/a@b` and `host:8080/a@b.mp4` have no user name, but `user:12/34@host/v.mp4` has one.
        host, colon, port = authority.rpartition(":")
        numbered = re.fullmatch("[0-9]+", port) and re.fullmatch(r"[\w-]+", host)
        if not colon or (numbered and not re.match(r"[\w.-]+(:\d*)?/", rest[last + 1 :])):
            return 0
    return last + 1
