"""Reading a file from an address that somebody gave us, without being led astray.

The address may point anywhere, at our own machines too. So the name is looked up once, every
address it has must be on the public internet, and the connection is made to the very address
that was checked, again at each redirect; the certificate still has to be the name's. All of it
ends after `SECONDS` in all, however slowly the other side drips. The address is a secret: it
appears in no log and in no error (decision 0008).
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from urllib.parse import quote, urljoin, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import BaseHTTPResponse

from booking.models import OutsideCalendar

Trouble = OutsideCalendar.Trouble
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

SECONDS = 10.0
SECONDS_OF_SILENCE = 5.0
BYTES_AT_MOST = 2_000_000
REDIRECTS_AT_MOST = 3
REDIRECTS = {301, 302, 303, 307, 308}
USER_AGENT = "Mozilla/5.0 (compatible; calendar reader)"
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # IPv4 addresses spelled as IPv6 (NAT64)


class CannotFetch(Exception):
    """The file cannot be had; `trouble` says why. Never names the address."""

    def __init__(self, trouble: OutsideCalendar.Trouble) -> None:
        self.trouble = trouble
        super().__init__(trouble.value)


@dataclass(frozen=True)
class Fetched:
    """A file, or None where it has not changed; and by what to ask for it next time."""

    content: bytes | None
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True)
class Reach:
    """How far we go: https on its own port, on the public internet. Tests have their own."""

    ports: dict[str, int] = field(default_factory=lambda: {"https": 443})
    besides: frozenset[IPAddress] = frozenset()
    authority: ssl.SSLContext | None = None
    seconds: float = SECONDS

    def allows(self, address: IPAddress) -> bool:
        """Whether a connection may be made to `address`."""
        return address in self.besides or is_public(address)


REACH = Reach()


def is_public(address: IPAddress) -> bool:
    """Whether `address` is on the public internet, in whatever spelling of IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address.teredo is not None:
            inner = address.teredo[1]
        if address in TRANSLATED:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None and not is_public(inner):
            return False
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def fetch(address: str, *, etag: str = "", last_modified: str = "") -> Fetched:
    """Return the file at `address`, unless it is the one those two name. Raises CannotFetch."""
    reach = REACH
    ends_at = time.monotonic() + reach.seconds
    asked = {"Accept": "text/calendar, */*;q=0.1", "User-Agent": USER_AGENT}
    if etag:
        asked["If-None-Match"] = etag
    if last_modified:
        asked["If-Modified-Since"] = last_modified
    for _ in range(1 + REDIRECTS_AT_MOST):
        with _answer(address, asked, reach, ends_at) as response:
            if response.status not in REDIRECTS or "Location" not in response.headers:
                return _read(response)
            address = urljoin(address, response.headers["Location"])
    raise CannotFetch(Trouble.SENT_AROUND)


@contextmanager
def _answer(
    address: str, asked: dict[str, str], reach: Reach, ends_at: float
) -> Iterator[BaseHTTPResponse]:
    """Ask `address` and give its answer, whose body is still to be read."""
    try:
        target = urlsplit(address)
        host, port = (target.hostname or "").rstrip("."), target.port
    except ValueError:
        raise CannotFetch(Trouble.UNREACHABLE) from None
    if target.scheme not in reach.ports:
        raise CannotFetch(Trouble.NOT_HTTPS)
    if port not in {None, reach.ports[target.scheme]} or target.username or target.password:
        raise CannotFetch(Trouble.NOT_PUBLIC)
    port = reach.ports[target.scheme]
    path = quote(target.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(target.query, safe="/%:@!$&'()*+,;=~-._?")
    connection = _connection(target.scheme, host, port, reach, ends_at)
    try:
        with _hanging_up(connection.sock, at=ends_at):
            connection.request(
                "GET",
                f"{path}?{query}" if query else path,
                headers={"Host": target.netloc.encode("idna").decode(), **asked},
                preload_content=False,
                decode_content=False,
            )
            with closing(connection.getresponse()) as response:
                yield response
        if time.monotonic() >= ends_at:
            raise CannotFetch(Trouble.SLOW)  # what we were cut off from may look complete
    except (OSError, HTTPException, urllib3.exceptions.HTTPError, ValueError) as error:
        is_late = time.monotonic() >= ends_at or isinstance(
            error, TimeoutError | urllib3.exceptions.TimeoutError
        )
        raise CannotFetch(Trouble.SLOW if is_late else Trouble.UNWELL) from None
    finally:
        connection.close()


def _connection(
    scheme: str, host: str, port: int, reach: Reach, ends_at: float
) -> HTTPConnection | HTTPSConnection:
    """Return an open connection to the first address of `host` that answers; all are checked."""
    trouble = Trouble.UNREACHABLE
    for address in _addresses(host, port, reach):
        left = min(SECONDS_OF_SILENCE, ends_at - time.monotonic())
        if left <= 0:
            raise CannotFetch(Trouble.SLOW)
        connection: HTTPConnection = (
            HTTPSConnection(
                str(address),
                port,
                timeout=left,
                server_hostname=host,
                ssl_context=reach.authority or ssl.create_default_context(),
            )
            if scheme == "https"
            else HTTPConnection(str(address), port, timeout=left)
        )
        try:
            connection.connect()
        except (ssl.SSLError, urllib3.exceptions.SSLError):
            connection.close()
            raise CannotFetch(Trouble.NOT_TRUSTED) from None
        except (TimeoutError, urllib3.exceptions.TimeoutError):
            trouble = Trouble.SLOW
            connection.close()
        except (OSError, urllib3.exceptions.HTTPError):
            connection.close()
        else:
            return connection
    raise CannotFetch(trouble)


def _addresses(host: str, port: int, reach: Reach) -> list[IPAddress]:
    """Return where `host` is, looked up once; refused if any of it is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise CannotFetch(Trouble.UNREACHABLE) from None
    addresses = list(dict.fromkeys(ipaddress.ip_address(row[4][0]) for row in found))
    if not addresses or not all(map(reach.allows, addresses)):
        raise CannotFetch(Trouble.NOT_PUBLIC)
    return addresses


@contextmanager
def _hanging_up(connected: socket.socket | None, *, at: float) -> Iterator[None]:
    """Cut `connected` at that moment: a timeout of a socket begins anew with every byte."""

    def hang_up() -> None:
        if connected is not None:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, at - time.monotonic()), hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _read(response: BaseHTTPResponse) -> Fetched:
    """Return what the answer holds. As it comes: what was packed could unpack to anything."""
    known = {
        "etag": _short(response.headers.get("ETag"), 200),
        "last_modified": _short(response.headers.get("Last-Modified"), 60),
    }
    if response.status == 304:
        return Fetched(content=None, **known)
    if response.status != 200:
        raise CannotFetch(_meaning_of(response.status))
    content = bytearray()
    for part in response.stream(65_536, decode_content=False):
        content += part
        if len(content) > BYTES_AT_MOST:
            raise CannotFetch(Trouble.TOO_LARGE)
    return Fetched(content=bytes(content), **known)


def _meaning_of(status: int) -> OutsideCalendar.Trouble:
    if status in {401, 403, 407}:
        return Trouble.NO_ENTRY
    return Trouble.GONE if status in {404, 410} else Trouble.UNWELL


def _short(header: str | None, length: int) -> str:
    """A header to send back another day; nothing rather than half of one."""
    return header if header and len(header) <= length else ""
