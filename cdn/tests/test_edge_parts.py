"""The edge's parts that need no network: eviction, manifests, verdicts, and that none of it knows Django."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cdn import testobject
from cdn.edge import sample
from cdn.edge.__main__ import end
from cdn.edge.admission import Admission
from cdn.edge.health import Health
from cdn.edge.http import Headers, Request
from cdn.edge.manifest import BadManifest, parse
from cdn.edge.policy import Entry, Policy
from cdn.edge.responder import Responder
from cdn.edge.verdicts import GRACE, Verdicts
from cdn.signing import BadToken, Token, encode


def filled(count: int) -> tuple[Policy, list[Entry]]:
    policy, entries = Policy(), [Entry() for _ in range(count)]
    for entry in entries:
        policy.add(entry)
    return policy, entries


def test_the_oldest_goes_first_when_nothing_was_asked_for_again() -> None:
    policy, entries = filled(3)
    assert [policy.victim() for _ in range(4)] == [*entries, None]


def test_what_was_asked_for_again_stays_longer() -> None:
    policy, entries = filled(3)
    entries[0].visited = 1
    assert [policy.victim() for _ in range(3)] == [entries[1], entries[2], entries[0]]


def test_what_is_being_read_is_never_evicted() -> None:
    policy, entries = filled(3)
    entries[0].readers = 1
    assert {policy.victim(), policy.victim()} == {entries[1], entries[2]}
    assert policy.victim() is None
    entries[0].readers = 0
    assert policy.victim() is entries[0]


def test_a_scan_passes_through_and_leaves_what_was_asked_for_twice() -> None:
    policy, entries = filled(30)
    hot = entries[10:]
    for passing in range(200):
        if passing % 10 == 0:  # viewers ask for these more often than the scan turns the queue over
            for entry in hot:
                entry.visited += 1
        policy.add(Entry())
        gone = policy.victim()
        assert gone not in hot
    assert policy.count == 30


def test_what_comes_back_soon_after_it_went_is_not_on_trial_again() -> None:
    class Named(Entry):
        __slots__ = ("name",)

        @property
        def ghost(self) -> int:
            return self.name

    def named(name: int) -> Named:
        made = Named()
        made.name = name
        return made

    policy = Policy()
    for name in range(10):
        policy.add(named(name))
    gone = policy.victim()
    assert isinstance(gone, Named)
    policy.add(back := named(gone.name))
    for name in range(100, 110):
        policy.add(named(name))
        assert policy.victim() is not back


def test_what_a_viewer_is_on_the_way_to_gets_another_round() -> None:
    wanted: set[Entry] = set()
    policy = Policy(wanted.__contains__)
    entries = [Entry() for _ in range(4)]
    for entry in entries:
        policy.add(entry)
    wanted.add(entries[0])
    assert [policy.victim() for _ in range(4)] == [*entries[1:], entries[0]]


def test_removing_entries_anywhere_keeps_the_queues_whole() -> None:
    for gone in range(4):
        policy, entries = filled(4)
        entries[gone].visited = 1
        policy.remove(entries[gone])
        policy.remove(entries[gone])
        left = [entry for place, entry in enumerate(entries) if place != gone]
        assert [policy.victim() for _ in range(3)] == left
        assert policy.victim() is None
        assert policy.count == policy.room == 0


def package(**changes: Any) -> tuple[str, bytes]:
    rendition = {
        "name": "v720", "index": 0, "kind": "video", "bytes": 30, "init": [0, 10],
        "segments": [[10, 10, 4.0, "ab" * 32], [20, 10, 4.0, "cd" * 32]],
        "playlist": {"file": "v720.m3u8", "bytes": 5, "sha256": "ef" * 32},
    }  # fmt: skip
    manifest = json.dumps({"v": 1, "renditions": [rendition | changes]}).encode()
    return hashlib.sha256(manifest).hexdigest()[:32], manifest


def test_every_wire_name_leads_to_its_bytes() -> None:
    index = parse(*package())
    places = {}
    for name in (b"0.m4s", b"1.m4s", b"init.mp4", b"index.m3u8"):
        spec = index.spec(b"v720", name)
        assert spec is not None
        places[name] = (spec.number, spec.offset, spec.length)
        assert spec.rendition.place(spec.number) == (spec.offset, spec.length)
    assert places == {
        b"0.m4s": (0, 0, 10), b"1.m4s": (1, 4096, 10), b"init.mp4": (2, 8192, 10), b"index.m3u8": (3, 12288, 5),
    }  # fmt: skip


def test_iframe_playlists_and_sheets_have_places_of_their_own() -> None:
    iframes = {"file": "v720.iframes.m3u8", "bytes": 7, "sha256": "12" * 32}
    rendition = parse(*package(iframes=iframes)).renditions[b"v720"]
    spec = rendition.spec(b"iframes.m3u8")
    assert spec is not None
    assert (spec.number, spec.offset, spec.length, spec.sha256) == (4, 16384, 7, bytes.fromhex("12" * 32))
    assert (rendition.objects, rendition.place(4)) == (5, (16384, 7))
    assert parse(*package()).spec(b"v720", b"iframes.m3u8") is None
    sheets = parse(*package(kind="images", init=None))
    found = {name: sheets.spec(b"v720", name) for name in (b"index.vtt", b"0.webp", b"1.webp")}
    assert {name: spec and spec.content_type for name, spec in found.items()} == {
        b"index.vtt": "text/vtt", b"0.webp": "image/webp", b"1.webp": "image/webp",
    }  # fmt: skip
    assert [sheets.spec(b"v720", name) for name in (b"index.m3u8", b"0.m4s", b"2.webp", b"init.mp4")] == [
        None
    ] * 4


def test_renditions_of_a_later_kind_are_passed_over() -> None:
    assert parse(*package(kind="smell")).renditions == {}


@pytest.mark.parametrize(
    "name",
    [
        b"2.m4s",
        b"0.webp",
        b"index.vtt",
        b"00.m4s",
        b"01.m4s",
        b"-1.m4s",
        b"0.vtt",
        b"..",
        b"manifest.json",
        b"0.m4s\n",
        b"9" * 9 + b".m4s",
    ],
)
def test_other_names_lead_nowhere(name: bytes) -> None:
    assert parse(*package()).spec(b"v720", name) is None
    assert parse(*package()).spec(b"v721", b"0.m4s") is None


def test_a_manifest_must_be_what_the_id_says() -> None:
    _, manifest = package()
    with pytest.raises(BadManifest):
        parse("00" * 16, manifest)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../x"}, {"name": 5}, {"kind": []}, {"index": 32}, {"index": -1}, {"bytes": "30"},
        {"segments": [[10, 21, 4.0, "ab" * 32]]}, {"segments": [[-1, 5, 4.0, "ab" * 32]]},
        {"segments": [[0, 0, 4.0, "ab" * 32]]}, {"segments": [[0, 5, 4.0, "ab" * 31]]}, {"segments": [[0, 5]]},
        {"segments": "x"}, {"init": [25, 10]}, {"init": 5}, {"playlist": None},
        {"playlist": {"bytes": 1 << 40, "sha256": "ef" * 32}}, {"iframes": 5}, {"iframes": {"bytes": 0}},
    ],
)  # fmt: skip
def test_a_manifest_that_points_outside_its_files_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadManifest):
        parse(*package(**changes))


KEY = Ed25519PrivateKey.generate()
NOW = 1_800_000_000.0


def verdicts() -> Verdicts:
    found = Verdicts()
    found.set_keys({"1": KEY.public_key().public_bytes_raw().hex()})
    return found


def token(session: bytes = b"s" * 16) -> bytes:
    return encode(Token(1, session, b"acct", b"p" * 16, 1, int(NOW), int(NOW) + 900, 0), KEY).encode()


def test_a_token_past_its_expiry_opens_only_while_the_control_plane_is_away() -> None:
    judge = verdicts()
    assert judge.judge(token(), now=NOW + 899).mask == 1
    with pytest.raises(BadToken, match="expired"):
        judge.judge(token(), now=NOW + 900)
    judge.cut_off_since = 1.0
    assert judge.judge(token(), now=NOW + 900).mask == 1
    assert judge.judge(token(), now=NOW + 899 + GRACE).mask == 1
    with pytest.raises(BadToken, match="expired"):
        judge.judge(token(), now=NOW + 900 + GRACE)


def test_a_denied_session_opens_nothing_even_in_the_grace() -> None:
    judge = verdicts()
    judge.remember(token(), judge.judge(token(), now=NOW))
    judge.set_denied({(b"s" * 16).hex(): NOW + 900})
    judge.cut_off_since = 1.0
    assert not judge.known
    with pytest.raises(BadToken, match="denied"):
        judge.judge(token(), now=NOW)
    assert judge.judge(token(b"t" * 16), now=NOW).mask == 1


def test_a_verdict_from_before_a_denial_is_not_kept() -> None:
    judge = verdicts()
    before = judge.judge(token(), now=NOW)
    judge.set_denied({(b"s" * 16).hex(): NOW + 900})
    judge.remember(token(), before)
    assert not judge.known, "the fast path serves whatever is known"


def test_who_is_denied_while_it_waits_for_its_turn_gets_nothing() -> None:
    """A crowded node delays requests of the patient by seconds; the verdict is as old as that when they are served."""
    judge = verdicts()
    server: Any = SimpleNamespace(verdicts=judge, now=NOW, date=b"", hits={})
    unused: Any = None
    responder = Responder(
        server, prove=unused, health=unused, problems=unused, refusal=unused, unknown_key=unused, greeted=unused,
        admission=unused,
    )  # fmt: skip
    said: list[bytes] = []
    client: Any = SimpleNamespace(
        busy=True,
        keep_alive=True,
        gone=lambda: False,
        begin_bytes=lambda head, body, status: said.append(body),
    )
    name = (b"p" * 16).hex().encode()
    request = Request("GET", b"/", Headers(keep_alive=True))

    async def waits() -> None:
        turn = asyncio.create_task(responder._delayed(client, request, 0, token(), name, b"v720", b"0.m4s"))
        judge.set_denied({(b"s" * 16).hex(): NOW + 900})
        await turn

    asyncio.run(waits())
    assert (said, judge.known) == ([b"token: denied\n"], {})


@pytest.mark.parametrize(("load", "status"), [(0.84, 200), (0.85, 429)])
def test_the_object_that_anybody_may_have_takes_nothing_from_viewers(load: float, status: int) -> None:
    """It needs no token. Each who asks and does not read must not hold a copy of it, nor may many fill the node."""
    unused: Any = None
    server: Any = SimpleNamespace(date=b"")
    responder = Responder(
        server, prove=unused, health=unused, problems=unused, refusal=unused, unknown_key=unused, greeted=unused,
        admission=Admission(verdicts(), 1000),
    )  # fmt: skip
    responder._admission.measure(load * 1000)
    given: list[tuple[int, int]] = []
    client: Any = SimpleNamespace(
        keep_alive=True,
        begin_bytes=lambda head, body, status: given.append((status, len(body))),
        begin_hit=lambda head, hit, start, end, status: given.append(
            (status, len(os.pread(hit.file.fd, end, start)))
        ),
    )
    responder.answer(client, Request("GET", testobject.PATH.encode(), Headers(keep_alive=True)))
    assert given == [(status, testobject.LENGTH if status == 200 else 36)]
    assert sample.hit() is sample.hit()
    assert os.pread(sample.hit().file.fd, testobject.LENGTH + 1, 0) == testobject.content()


def test_new_keys_make_every_verdict_void() -> None:
    judge = verdicts()
    judge.remember(token(), judge.judge(token(), now=NOW))
    judge.set_keys({"2": KEY.public_key().public_bytes_raw().hex()})
    with pytest.raises(BadToken, match="key"):
        judge.judge(token(), now=NOW)


def test_a_grace_verdict_is_looked_at_again_soon() -> None:
    judge = verdicts()
    judge.cut_off_since = 1.0
    assert judge.judge(token(), now=NOW + 1000).until == NOW + 1002


def test_the_edge_runs_without_django() -> None:
    code = (
        "import sys\n"
        "for name in ('django', 'rest_framework', 'celery', 'channels', 'cdn.models', 'cdn.services'):\n"
        "    sys.modules[name] = None\n"
        "import cdn.edge.__main__\n"
        "print(any(name.startswith('django') and module for name, module in sys.modules.items()))\n"
    )
    top = Path(__file__).resolve().parents[2]
    found = subprocess.run([sys.executable, "-c", code], cwd=top, capture_output=True, text=True, check=False)
    assert (found.stdout.strip(), found.stderr) == ("False", "")


def test_a_task_that_misses_its_cancellation_is_ended_all_the_same() -> None:
    async def story() -> int:
        missed = 0

        async def stubborn() -> None:
            nonlocal missed
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    missed += 1
                    if missed == 2:
                        raise

        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        await asyncio.wait_for(end(task), 10)
        assert task.cancelled()
        return missed

    assert asyncio.run(story()) == 2


def test_who_asks_for_the_health_again_and_again_gets_the_same_page_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, made = [1000.0], [0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def new_page(_: object) -> dict[str, Any]:
        now[0] += 0.015  # with many sessions
        made[0] += 1
        return {"made": made[0]}

    monkeypatch.setattr(Health, "_new_page", new_page)
    health = Health.__new__(Health)
    health._page, health._page_until = {}, 0.0
    assert [health.page()["made"] for _ in range(1000)] == [1] * 1000
    now[0] += 20 * 0.015
    assert health.page()["made"] == 2
