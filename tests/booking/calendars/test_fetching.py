"""We read from the address we were given and from nowhere near ourselves."""

import gzip
import socket
import ssl
import time
from datetime import timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from booking.services import fetching
from booking.services.fetching import CannotFetch, Fetched, Reach, Trouble, fetch, is_public
from clinic.web import clock
from tests.booking.calendars.elsewhere import OUTSIDE, Elsewhere, running

pytestmark = pytest.mark.once

OURSELVES = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "017700000001",
    "localhost",
    "localhost.",
    "0.0.0.0",
    "0",
    "10.0.0.1",
    "172.16.3.4",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "198.18.0.1",
    "224.0.0.251",
    "240.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:0:0:0:0:80ff:fffe]",
    "[fe80::1]",
    "[fec0::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
]


def trouble_with(address: str) -> Trouble:
    with pytest.raises(CannotFetch) as refused:
        fetch(address)
    return refused.value.trouble


@pytest.fixture
def nobody_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(self: socket.socket, address: object) -> None:
        raise AssertionError(f"Somebody called {address}.")

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """Names and what each look-up of them finds, one after the other; the last one stays."""
    book: dict[str, list[list[str]]] = {}
    really = socket.getaddrinfo

    def look_up(host, port, *args, **options):  # type: ignore[no-untyped-def]
        if host not in book:
            return really(host, port, *args, **options)
        found = book[host].pop(0) if len(book[host]) > 1 else book[host][0]
        return [row for address in found for row in really(address, port, *args, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return book


@pytest.mark.parametrize("host", OURSELVES)
def test_an_address_of_our_own_is_refused_in_every_spelling(host, nobody_is_called):
    assert trouble_with(f"https://{host}/calendar.ics") == Trouble.NOT_PUBLIC


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_addresses_of_the_public_internet_are_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["::1"],
        ["169.254.169.254"],
        ["93.184.215.14", "10.0.0.1"],
        ["::ffff:10.0.0.1"],
    ],
)
def test_a_name_that_leads_to_us_is_refused(found, names, nobody_is_called):
    names["calendar.example"] = [found]
    assert trouble_with("https://calendar.example/secret.ics") == Trouble.NOT_PUBLIC


def test_a_name_is_looked_up_once_and_the_address_that_was_checked_is_called(names, elsewhere):
    names["calendar.example"] = [[OUTSIDE], ["127.0.0.1"]]
    elsewhere.has("/a.ics", b"here")

    assert fetch(elsewhere.url("/a.ics", host="calendar.example")).content == b"here"
    (asked,) = elsewhere.asked
    assert asked.headers["Host"].startswith("calendar.example")
    assert trouble_with(elsewhere.url("/a.ics", host="calendar.example")) == Trouble.NOT_PUBLIC


@pytest.mark.parametrize(
    "address",
    [
        "http://calendar.example/a.ics",
        "ftp://calendar.example/a.ics",
        "file:///etc/passwd",
        "gopher://calendar.example/",
        "//calendar.example/a.ics",
        "",
    ],
)
def test_nothing_but_https_is_read(address, nobody_is_called):
    assert trouble_with(address) == Trouble.NOT_HTTPS


@pytest.mark.parametrize(
    "place", ["calendar.example:22", "calendar.example:8443", "ana:word@calendar.example"]
)
def test_no_other_port_and_no_password(place, names, nobody_is_called):
    names["calendar.example"] = [["93.184.215.14"]]
    assert trouble_with(f"https://{place}/a.ics") == Trouble.NOT_PUBLIC


@pytest.mark.parametrize("address", ["https:///a.ics", "https://[::1/a.ics", "https://a:b/x"])
def test_what_is_no_address_leads_nowhere(address, nobody_is_called):
    assert trouble_with(address) in {Trouble.UNREACHABLE, Trouble.NOT_PUBLIC}


def test_a_name_nobody_has_leads_nowhere(monkeypatch):
    def look_up(*args, **options):  # type: ignore[no-untyped-def]
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert trouble_with("https://calendar.example/a.ics") == Trouble.UNREACHABLE


def test_a_file_comes_with_what_names_this_copy_of_it(elsewhere):
    address = elsewhere.has("/a.ics?key=1%202", b"here", ETag='"1"', Last_Modified="yesterday")

    assert fetch(address) == Fetched(b"here", etag='"1"', last_modified="yesterday")
    (asked,) = elsewhere.asked
    assert "Cookie" not in asked.headers
    assert "Referer" not in asked.headers
    assert asked.headers["Accept-Encoding"] == "identity"
    assert "umen" not in asked.headers["User-Agent"]


def test_a_copy_we_have_is_not_sent_again(elsewhere):
    elsewhere.answers["/a.ics"] = lambda handler: handler.say(b"", status=304)

    address = elsewhere.url("/a.ics")
    assert fetch(address, etag='"1"', last_modified="yesterday").content is None
    (asked,) = elsewhere.asked
    assert asked.headers["If-None-Match"] == '"1"'
    assert asked.headers["If-Modified-Since"] == "yesterday"


def test_three_redirects_are_followed_and_a_fourth_is_not(elsewhere):
    elsewhere.has("/4", b"here")
    elsewhere.sends_on("/3", "4")
    elsewhere.sends_on("/2", "/3")
    elsewhere.sends_on("/1", elsewhere.url("/2"))
    elsewhere.sends_on("/0", "/1")

    assert fetch(elsewhere.url("/1")).content == b"here"
    assert trouble_with(elsewhere.url("/0")) == Trouble.SENT_AROUND


def test_a_circle_ends(elsewhere):
    elsewhere.sends_on("/round", "/round")
    assert trouble_with(elsewhere.url("/round")) == Trouble.SENT_AROUND
    assert len(elsewhere.asked) == 4


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "2130706433"]
)
def test_a_redirect_to_ourselves_is_not_followed(host, elsewhere):
    to = elsewhere.url("/inside", host=host)
    assert trouble_with(elsewhere.sends_on("/out", to)) == Trouble.NOT_PUBLIC


def test_a_redirect_to_a_name_that_leads_to_us_is_not_followed(elsewhere, names):
    names["calendar.example"] = [["127.0.0.1"]]
    to = elsewhere.url("/inside", host="calendar.example")
    assert trouble_with(elsewhere.sends_on("/out", to)) == Trouble.NOT_PUBLIC


@pytest.mark.parametrize("to", ["file:///etc/passwd", "https://calendar.example/a", "ftp://a/b"])
def test_a_redirect_to_another_kind_of_address_is_not_followed(to, elsewhere):
    assert trouble_with(elsewhere.sends_on("/out", to)) == Trouble.NOT_HTTPS


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (401, Trouble.NO_ENTRY),
        (403, Trouble.NO_ENTRY),
        (404, Trouble.GONE),
        (410, Trouble.GONE),
        (429, Trouble.UNWELL),
        (500, Trouble.UNWELL),
        (204, Trouble.UNWELL),
    ],
)
def test_each_refusal_has_its_own_words(status, trouble, elsewhere):
    elsewhere.answers["/a.ics"] = lambda handler: handler.say(b"", status=status)
    assert trouble_with(elsewhere.url("/a.ics")) == trouble


def test_a_file_that_is_too_large_is_left_half_way(elsewhere):
    def flood(handler):  # type: ignore[no-untyped-def]
        handler.send_response(200)
        handler.end_headers()
        while not handler.server.closing.is_set():
            handler.wfile.write(b"x" * 100_000)

    elsewhere.answers["/a.ics"] = flood
    assert trouble_with(elsewhere.url("/a.ics")) == Trouble.TOO_LARGE


def test_two_megabytes_are_read_and_one_byte_more_is_not(elsewhere):
    full = elsewhere.has("/full", b"x" * fetching.BYTES_AT_MOST)
    over = elsewhere.has("/over", b"x" * (fetching.BYTES_AT_MOST + 1))

    assert len(fetch(full).content or b"") == fetching.BYTES_AT_MOST
    assert trouble_with(over) == Trouble.TOO_LARGE


def test_what_comes_packed_is_not_unpacked(elsewhere):
    packed = gzip.compress(b"x" * 10_000_000)
    address = elsewhere.has("/a.ics", packed, Content_Encoding="gzip")
    assert fetch(address).content == packed


def drip(handler, line: bytes) -> None:  # type: ignore[no-untyped-def]
    for _ in range(200):
        if handler.server.closing.wait(0.05):
            return
        handler.wfile.write(line)
        handler.wfile.flush()


def drip_headers(handler) -> None:  # type: ignore[no-untyped-def]
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    drip(handler, b"x")


def drip_content(handler) -> None:  # type: ignore[no-untyped-def]
    handler.send_response(200)
    handler.end_headers()
    drip(handler, b"x")


def drip_pieces(handler) -> None:  # type: ignore[no-untyped-def]
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    drip(handler, b"1\r\nx\r\n")


def say_nothing(handler) -> None:  # type: ignore[no-untyped-def]
    handler.server.closing.wait(10)


@pytest.mark.parametrize("answer", [drip_headers, drip_content, drip_pieces, say_nothing])
def test_whoever_drips_is_left_when_the_time_is_up(answer, elsewhere):
    elsewhere.answers["/a.ics"] = answer
    began = time.monotonic()

    assert trouble_with(elsewhere.url("/a.ics")) == Trouble.SLOW
    assert time.monotonic() - began < 3  # one second is allowed; the bytes would take ten


def test_half_a_file_is_none(elsewhere):
    def stop(handler):  # type: ignore[no-untyped-def]
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"BEGIN:VCALENDAR")

    elsewhere.answers["/a.ics"] = stop
    assert trouble_with(elsewhere.url("/a.ics")) == Trouble.UNWELL


def test_what_is_not_http_is_not_read(elsewhere):
    elsewhere.answers["/a.ics"] = lambda handler: handler.wfile.write(b"220 smtp ready\r\n")
    assert trouble_with(elsewhere.url("/a.ics")) == Trouble.UNWELL


def test_the_address_stands_in_no_log_and_no_error(elsewhere, caplog):
    caplog.set_level(0)
    elsewhere.sends_on("/secret-1", "/secret-2")
    elsewhere.answers["/secret-2"] = lambda handler: handler.say(b"", status=500)

    with pytest.raises(CannotFetch) as refused:
        fetch(elsewhere.url("/secret-1"))
    assert "secret" not in caplog.text + repr(refused.value)
    assert refused.value.__cause__ is None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with the key and the certificate of calendar.example, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "calendar.example")])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("calendar.example")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "calendar.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return str(path)


def test_the_certificate_has_to_be_the_names_although_we_call_an_address(
    names, certificate, monkeypatch
):
    names["calendar.example"] = names["other.example"] = [[OUTSIDE]]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with running(Elsewhere(context=context)) as server:
        server.has("/a.ics", b"here")
        strangers = Reach(server.reach.ports, server.reach.besides, seconds=3.0)
        known = Reach(
            server.reach.ports,
            server.reach.besides,
            authority=ssl.create_default_context(cafile=certificate),
            seconds=3.0,
        )

        monkeypatch.setattr(fetching, "REACH", known)
        assert fetch(server.url("/a.ics", host="calendar.example")).content == b"here"
        wrong = server.url("/a.ics", host="other.example")
        assert trouble_with(wrong) == Trouble.NOT_TRUSTED
        assert trouble_with(server.url("/a.ics")) == Trouble.NOT_TRUSTED

        monkeypatch.setattr(fetching, "REACH", strangers)
        unknown = server.url("/a.ics", host="calendar.example")
        assert trouble_with(unknown) == Trouble.NOT_TRUSTED
        assert len(server.asked) == 1
