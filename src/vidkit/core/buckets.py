"""Open a bucket of S3, Google Cloud Storage or Azure by its address, and turn a store's errors into messages.

An address is `s3://<bucket>/<key>`, `gs://<bucket>/<key>` or `az://<container>/<key>`. obstore does the requests
and the retries. Credentials are found as by each cloud's own tools: in the environment, a profile, the role of the
machine.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from vidkit.core.extras import install_command
from vidkit.core.redaction import without_secrets
from vidkit.core.terminal import printable
from vidkit.errors import OutputError, ToolMissingError
from vidkit.messages import message

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore, S3Store

    Client = S3Store | GCSStore | AzureStore

SCHEMES = ("s3", "gs", "az")
# Of one request. A part of an upload has at most PART bytes and few are sent at once, so a slow uplink is enough.
CONNECT_TIMEOUT = timedelta(seconds=10)
TIMEOUT = timedelta(minutes=2)
# Of a request that failed for a temporary reason.
RETRIES = 8
LONGEST_RETRY = timedelta(minutes=3)
LONGEST_BACKOFF = timedelta(seconds=20)
PART = 8 * 2**20  # bytes; a store takes 10,000 parts, and at least 5 MiB each
URL_VALID = timedelta(hours=1)
_ENVIRONMENT = ("AWS_", "AZURE_", "GOOGLE_", "GCS_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
# Without one of these, obstore requests the role of the machine at the cloud's metadata address.
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
)
_METADATA = "169.254.169.254"
_NO_CREDENTIALS = message(
    "no credentials were found. Set those of the store in the environment or a profile, or run on a machine whose "
    "role has them"
)
_EXPIRED = message("the credentials have expired. Sign in again, and start the same command: it continues")
_FRESH = timedelta(minutes=10)  # credentials of a profile are read again after this time


class Place(NamedTuple):
    """An object or a prefix: the client of its bucket, and its key there, which is empty for the bucket itself."""

    client: Client
    bucket: str
    """The address of the bucket, such as `s3://videos`."""
    key: str

    @property
    def address(self) -> str:
        """The address of the object or prefix."""
        return f"{self.bucket}/{self.key}" if self.key else self.bucket


class RefusedError(OutputError):
    """The store does not accept the credentials, or they do not allow this. The next request will fail too."""


class NoCredentialsError(RefusedError):
    """There are no credentials, or they have expired. Every request will fail."""


class PassingError(OutputError):
    """The store did not answer, or was busy. It may work later. A write may have been done or not."""


class ChangedError(OutputError):
    """The stored object is not the version to replace."""


class UnsupportedError(OutputError):
    """The store does not support this request."""


def is_bucket(address: object) -> bool:
    """Whether an address is in a bucket."""
    return isinstance(address, str) and address.partition("://")[0].lower() in SCHEMES and "://" in address


def open_bucket(address: str) -> Place:
    """Open the bucket of an address. No request is made yet.

    Raises:
        OutputError: it is not such an address, or the store's settings in the environment are wrong.
        ToolMissingError: the extra `cloud` is not installed.
    """
    scheme, _, rest = address.partition("://")
    name, _, key = rest.partition("/")
    key = key.strip("/")
    if scheme not in SCHEMES or not re.fullmatch(r"[\w.-]+", name, re.ASCII):
        raise OutputError(
            "{address} names no bucket: write {scheme}://bucket/folder",
            address=printable(without_secrets(address)),
            scheme=scheme,
        )
    if any(part in ("", ".", "..") for part in key.split("/")) and key:
        raise OutputError(
            "{address} has an empty part or dots between its slashes", address=printable(without_secrets(address))
        )
    environment = tuple(sorted((k, v) for k, v in os.environ.items() if k.upper().startswith(_ENVIRONMENT)))
    return Place(_client(scheme, name, environment), f"{scheme}://{name}", key)


# One client for each bucket: it keeps connections open.
@lru_cache(maxsize=64)
def _client(scheme: str, bucket: str, environment: tuple[tuple[str, str], ...]) -> Client:
    try:
        from obstore.exceptions import BaseError
        from obstore.store import AzureStore, GCSStore, S3Store
    except ImportError:
        raise ToolMissingError(
            "{scheme}:// needs obstore: {command}", scheme=scheme, command=install_command("cloud")
        ) from None
    options: Any = {
        "client_options": {"connect_timeout": CONNECT_TIMEOUT, "timeout": TIMEOUT, **_plain_http(scheme)},
        "retry_config": {
            "max_retries": RETRIES,
            "retry_timeout": LONGEST_RETRY,
            "backoff": {"max_backoff": LONGEST_BACKOFF},
        },
    }
    try:
        if scheme == "s3":
            profile = _profile(dict(environment))
            if "credential_provider" not in profile:
                _check_credentials(dict(environment), f"s3://{bucket}")
            return S3Store(bucket, **options, **profile)
        return GCSStore(bucket, **options) if scheme == "gs" else AzureStore(bucket, **options)
    except (BaseError, ValueError) as error:
        what = message(
            "{scheme}://{bucket} cannot be opened: {reason}",
            scheme=scheme,
            bucket=bucket,
            reason=_first_line(error),
        )
        raise OutputError("{what}. See the settings of the store in the environment.", what=what) from None


def _plain_http(scheme: str) -> dict[str, bool]:
    """Allow http if the environment does: with `client_options`, obstore does not read these variables."""
    name = {"s3": "AWS_ALLOW_HTTP", "az": "AZURE_ALLOW_HTTP"}.get(scheme, "")
    allowed = os.environ.get(name, "").lower() in ("1", "true", "yes", "on")
    emulated = scheme == "az" and os.environ.get("AZURE_STORAGE_USE_EMULATOR", "").lower() in ("1", "true")
    return {"allow_http": True} if allowed or emulated else {}


def _profile(environment: Mapping[str, str]) -> dict[str, Any]:
    """Options of S3 from a profile of the AWS tools, also with single sign-on; empty without a profile.

    obstore itself reads the environment and requests the role of the machine. It does not read profiles.
    """
    files = [
        Path(environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser(),
        Path(environment.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser(),
    ]
    named = environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE")
    if environment.get("AWS_ACCESS_KEY_ID") or not (named or any(file.is_file() for file in files)):
        return {}
    try:
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session
    except ImportError:
        raise ToolMissingError(
            "a profile of AWS needs botocore: {command}", command=install_command("cloud")
        ) from None
    try:
        session = Session(profile=named)
        found = session.get_credentials()
        region = session.get_config_variable("region")
        endpoint = environment.get("AWS_ENDPOINT_URL") or session.get_scoped_config().get("endpoint_url")
    except BotoCoreError as error:
        raise OutputError("the profile of AWS cannot be used: {reason}", reason=_first_line(error)) from None
    options = {"region": region} if region else {}
    options |= {"endpoint": endpoint} if endpoint else {}
    return options | ({"credential_provider": _provider(found)} if found is not None else {})


def _check_credentials(environment: Mapping[str, str], address: str) -> None:
    """Check that there are credentials of S3: without a role, obstore would try to get one for minutes.

    Raises:
        NoCredentialsError: there are none.
    """
    if any(environment.get(name) for name in _CREDENTIALS):
        return
    role = urlsplit(environment.get("AWS_METADATA_ENDPOINT") or f"http://{_METADATA}")
    try:
        socket.create_connection((role.hostname or _METADATA, role.port or 80), 2).close()
    except OSError:
        raise NoCredentialsError(
            "{address}: {no_credentials}", address=address, no_credentials=_NO_CREDENTIALS
        ) from None


def _provider(credentials: Any) -> Callable[[], dict[str, Any]]:
    """The function that obstore calls when it needs new credentials."""

    def provide() -> dict[str, Any]:
        frozen = credentials.get_frozen_credentials()  # botocore renews credentials that expire soon
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(timezone.utc) + _FRESH,
        }

    return provide


def signed_url(place: Place, method: Literal["GET", "HEAD"] = "GET") -> str:
    """A URL with which anyone can read an object for an hour. It is secret: never show, log or store it.

    Raises:
        OutputError: these credentials cannot sign.
    """
    from obstore import sign

    if place.bucket.startswith("az://") and not re.fullmatch(r"[\w./~-]+", place.key, re.ASCII):
        # obstore 0.12 signs the encoded name, and Azure compares it with the plain one.
        why = message("names with spaces, accents or signs cannot be signed for Azure")
        raise OutputError("{address}: {why}. Give the file another name", address=printable(place.address), why=why)
    with reported(place.address):
        return sign(place.client, method, place.key, URL_VALID)


def readable_url(url: str) -> str:
    """A URL that a server can read; for an object in a bucket, a signed URL, which is secret.

    Raises:
        OutputError: these credentials cannot sign.
    """
    return signed_url(open_bucket(url)) if is_bucket(url) else url


@contextmanager
def reported(address: str) -> Iterator[None]:
    """Turn a store's errors into errors with a message for the user.

    Args:
        address: the address of the request.

    Raises:
        FileNotFoundError: there is no such object.
        RefusedError: the credentials are wrong, or do not allow this.
        OutputError: anything else.
    """
    from obstore import exceptions

    shown = printable(address)
    try:
        yield
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error) or "ContainerNotFound" in str(error):
            raise OutputError(_no_bucket(address)) from None
        raise FileNotFoundError(2, "there is no such object", shown) from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        raise _refused(shown, str(error)) from None
    except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
        raise ChangedError("{shown}: another one has been written meanwhile", shown=shown) from None
    except exceptions.NotSupportedError:
        raise UnsupportedError("{shown}: the store does not know this request", shown=shown) from None
    except (exceptions.BaseError, ValueError) as error:
        if "NoSuchBucket" in str(error) or "ContainerNotFound" in str(error):
            raise OutputError(_no_bucket(address)) from None
        if isinstance(error, exceptions.BaseError) and _is_refusal(str(error)):
            raise _refused(shown, str(error)) from None
        raise _failure(shown, str(error)) from None


def _no_bucket(address: str) -> str:
    bucket = "/".join(address.split("/")[:3])
    return message(
        "{bucket}: there is no such bucket. Make it, or see the name and the endpoint.", bucket=printable(bucket)
    )


def _is_refusal(text: str) -> bool:
    """Whether an error is about credentials; obstore has no class for some of these."""
    codes = ("ExpiredToken", "TokenRefreshRequired", "InvalidToken", "RequestExpired", "credential")
    return "status code: 401" in text or "status code: 403" in text or any(code in text for code in codes)


def _refused(shown: str, text: str) -> RefusedError:
    words = _refusal(text)
    kind = NoCredentialsError if words in (_EXPIRED, _NO_CREDENTIALS) else RefusedError
    return kind(f"{shown}: {words}")


def _refusal(text: str) -> str:
    code = _code(text)
    if code in ("ExpiredToken", "TokenRefreshRequired", "RequestExpired") or "expired" in text.lower():
        return _EXPIRED
    if "credential" in text and not code:
        return _NO_CREDENTIALS
    if code == "RequestTimeTooSkewed":
        return message("the store says that this machine's clock is wrong. Set the clock")
    because = f" ({code})" if code else ""
    return message(
        "the store refuses this{because}. See that the credentials are right, and that they may list, read, write "
        "and delete here",
        because=because,
    )


def _failure(shown: str, text: str) -> OutputError:
    """Why a request failed and what to do, without obstore's internals."""
    status = re.search(r"status code: (\d+)([^:<\n]*)", text)
    if _METADATA in text or "metadata.google.internal" in text:
        return NoCredentialsError("{shown}: {no_credentials}", shown=shown, no_credentials=_NO_CREDENTIALS)
    tries = re.search(r"after (\d+) retries", text)
    tried = message(", also after {tries} more tries", tries=tries[1]) if tries and tries[1] != "0" else ""
    later = message("Start the same command again later: it continues")
    if status and status[1] in ("429", "503"):
        answered = message(
            "the store is busy ({status}{phrase}){tried}. Use fewer workers, or start again later",
            status=status[1],
            phrase=status[2],
            tried=tried,
        )
        return PassingError("{shown}: {answered}", shown=shown, answered=answered)
    if status and (status[1] == "501" or _code(text) == "NotImplemented"):
        return UnsupportedError(
            "{shown}: the store does not know this request ({status}{phrase})",
            shown=shown,
            status=status[1],
            phrase=status[2],
        )
    if status and status[1].startswith("5"):
        return PassingError(
            "{shown}: the store fails ({status}{phrase}){tried}. {later}",
            shown=shown,
            status=status[1],
            phrase=status[2],
            tried=tried,
            later=later,
        )
    if status:
        code = _code(text)
        return OutputError(
            "{shown}: the store refuses this ({status}{phrase}{code})",
            shown=shown,
            status=status[1],
            phrase=status[2],
            code=f", {code}" if code else "",
        )
    if "HTTP error" in text or "error sending request" in text or "timed out" in text.lower():
        late = "timed out" in text.lower() or "TimedOut" in text
        what = message("does not answer in time") if late else message("is not reached, or breaks the connection")
        return PassingError(
            "{shown}: the store {what}{tried}. See the network and the endpoint. {later}",
            shown=shown,
            what=what,
            tried=tried,
            later=later,
        )
    return OutputError("{shown}: {reason}", shown=shown, reason=_first_line(text))


def _code(text: str) -> str:
    """The store's error code, such as `NoSuchKey`."""
    found = re.search(r"<Code>(\w+)</Code>", text)
    return found[1] if found else ""


def _first_line(text: object) -> str:
    return printable(without_secrets(str(text).partition("\n")[0][:300])).rstrip(".")
