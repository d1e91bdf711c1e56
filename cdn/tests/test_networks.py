"""Where viewers are: the operator's map, and a database of addresses written here byte by byte."""

import struct
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.tests import factories as people
from cdn import models, networks, services
from cdn.networks import BadNetwork, Map, network
from cdn.tests import factories
from cdn.tests.nodes import FakeNode

pytestmark = pytest.mark.django_db


def test_the_longest_prefix_counts() -> None:
    found = Map(
        [
            (ip_network("10.0.0.0/8"), "", "south"),
            (ip_network("10.1.0.0/16"), "lille", "north"),
            (ip_network("10.1.2.3/32"), "desk", "north"),
            (ip_network("2001:db8::/32"), "six", "north"),
            (ip_network("0.0.0.0/0"), "", "rest"),
        ]
    )
    cases = {
        "10.9.9.9": ("", "south"),
        "10.1.9.9": ("lille", "north"),
        "10.1.2.3": ("desk", "north"),
        "::ffff:10.1.2.3": ("desk", "north"),
        "192.0.2.1": ("", "rest"),
        "2001:db8::1": ("six", "north"),
        "2001:db9::1": None,
        "no address": None,
        "": None,
    }
    assert {address: found.find(address) for address in cases} == cases
    assert found.size == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [("10.1.2.3/16", "write 10.1.0.0/16"), ("lille", "is no network"), ("10.0.0.0/33", "is no network")],
)
def test_what_is_no_network_is_refused_with_a_remedy(text: str, words: str) -> None:
    with pytest.raises(BadNetwork, match=words):
        network(text)


def test_the_operator_draws_the_map_and_steering_sees_it_at_once() -> None:
    factories.make_node(site="lille")
    client = people.client_of(people.make_operator("operator"))
    add = "/admin/cdn/network/add/"
    answer = client.post(add, {"cidr": "10.1.2.3/16", "site": "lille"})
    assert b"write 10.1.0.0/16" in answer.content
    answer = client.post(add, {"cidr": "10.1.0.0/16", "site": "paris"})
    assert b"No node is at this site. There are: lille." in answer.content
    answer = client.post(add, {"cidr": "10.1.0.0/16"})
    assert b"Name the site of these viewers" in answer.content
    answer = client.post(add, {"cidr": "10.1.0.0/16", "site": "lille", "region": "mars"})
    assert b"No node is in this region" in answer.content
    assert client.post(add, {"cidr": "10.1.0.0/16", "site": "lille"}).status_code == 302
    networks.atlas.changed()  # a test's transaction is never committed
    where = services.locate("10.1.77.1")
    assert (where.site, where.region, where.place) == ("lille", "default", None)
    assert services.locate("10.2.0.1").site == ""
    models.Network.objects.create(cidr="10.0.0.0/8", region="default")
    shown = client.get("/admin/cdn/network/?q=10.1.5.5").content.decode()
    assert "10.1.0.0/16" in shown
    assert "10.0.0.0/8" not in shown


# A database of addresses --------------------------------------------------------------------------------


def _said(value: object) -> bytes:
    """A value as MaxMind's format has it; enough of it for a record."""
    if isinstance(value, dict):
        body = b"".join(_said(key) + _said(one) for key, one in value.items())
        return bytes([7 << 5 | len(value)]) + body
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(_said(one) for one in value)
    if isinstance(value, str):
        raw = value.encode()
        assert len(raw) < 29
        return bytes([2 << 5 | len(raw)]) + raw
    if isinstance(value, float):
        return bytes([3 << 5 | 8]) + struct.pack(">d", value)
    assert isinstance(value, tuple)
    kind, number = value
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return (bytes([kind << 5 | len(raw)]) if kind < 8 else bytes([len(raw), kind - 7])) + raw


def write_database(path: Path, network_of: str, record: dict[str, Any]) -> None:
    """A tree with one branch (records of 24 bits), its data, and what it says of itself."""
    where = ip_network(network_of)
    bits = [int(where.network_address) >> (31 - depth) & 1 for depth in range(where.prefixlen)]
    count = len(bits)
    tree = b""
    for depth, bit in enumerate(bits):
        onward = depth + 1 if depth + 1 < count else count + 16  # the data's beginning
        pair = (count, onward) if bit else (onward, count)  # `count` itself means: nothing known
        tree += pair[0].to_bytes(3, "big") + pair[1].to_bytes(3, "big")
    of_16, of_32, of_64 = 5, 6, 9  # the format's numbers for whole numbers of so many bits
    about = {
        "binary_format_major_version": (of_16, 2),
        "binary_format_minor_version": (of_16, 0),
        "build_epoch": (of_64, 1),
        "database_type": "test-City",
        "description": {"en": "made by a test"},
        "ip_version": (of_16, 4),
        "languages": ["en"],
        "node_count": (of_32, count),
        "record_size": (of_16, 24),
    }
    path.write_bytes(tree + bytes(16) + _said(record) + b"\xab\xcd\xefMaxMind.com" + _said(about))


def test_a_database_of_addresses_says_where_on_the_globe(tmp_path: Path, settings: Any) -> None:
    file = tmp_path / "city.mmdb"
    write_database(file, "198.51.100.0/24", {"location": {"latitude": 50.6, "longitude": 3.06}})
    settings.GEO_DATABASE = str(file)
    networks.atlas.changed()
    assert services.locate("198.51.100.7").place == (50.6, 3.06)
    assert services.locate("::ffff:198.51.100.7").place == (50.6, 3.06)
    assert services.locate("198.51.101.7").place is None
    assert services.locate("2001:db8::1").place is None
    assert services.locate("nonsense").place is None
    # It is written over in place, as cp does, and then replaced, while the site runs.
    file.write_bytes(b"")
    assert networks.atlas.addresses.find("198.51.100.7") == (50.6, 3.06), "until the next look at the file"
    fresh = tmp_path / "fresh.mmdb"
    write_database(fresh, "198.51.100.0/24", {"location": {"latitude": 91.0, "longitude": 3.06}})
    settings.GEO_DATABASE = str(fresh)
    networks.atlas.changed()
    assert services.locate("198.51.100.7").place is None, "there is no such place"


@pytest.mark.parametrize("content", [None, b"", b"not a database at all"])
def test_a_database_that_cannot_be_read_leaves_distance_out(
    tmp_path: Path, settings: Any, content: bytes | None
) -> None:
    file = tmp_path / "broken.mmdb"
    if content is not None:
        file.write_bytes(content)
    settings.GEO_DATABASE = str(file)
    networks.atlas.changed()
    assert services.locate("198.51.100.7").place is None


def test_a_node_says_where_it_stands_when_it_joins(client: Client) -> None:
    with FakeNode().listening() as node:
        wrong = node.enrol(client, services.enrolment_code(name="paris-1"), place=[91, 0])
        assert wrong.status_code == 400
        assert "place must be two numbers" in wrong.json()["error"]["message"]
        code = services.enrolment_code(name="paris-1")
        assert node.enrol(client, code, place=[48.86, 2.35], domain="rack-7").status_code == 201
    (found,) = services.nodes()
    assert (found.latitude, found.longitude, found.domain) == (48.86, 2.35, "rack-7")
