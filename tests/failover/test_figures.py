"""What a cell's log says, and what cells add up to."""

from typing import Any

import pytest

from bench import failover
from bench._failover import figures, summary
from bench._failover.faults import FAULTS

BASE = "http://127.0.0.11:1"
TOKEN = "t" * 60


def entry(door: str, name: str, at: float, **more: Any) -> dict[str, Any]:
    kind = "audio" if name.startswith("a-") else "video"
    plain = {"door": door, "kind": kind, "name": name, "path": f"/v1/{TOKEN}/p/{name}", "at": at}
    plain |= {
        "first": at + 0.1,
        "end": at + 1,
        "sent": 100,
        "total": 100,
        "status": 200,
        "range": "",
        "fault": "",
    }
    return plain | {"outcome": "whole"} | more


def ask(at: float, name: str) -> list[Any]:
    return [at * 1000, f"{BASE}/v1/{TOKEN}/p/{name}"]


def touched(log: list[dict[str, Any]], requests: list[list[Any]], how: str) -> float | None:
    return figures.touched(log, requests, node="n1", base_url=BASE, at=10.0, how=how)


def test_a_fault_touches_what_is_under_way_at_once() -> None:
    log = [entry("n1", "v720/3.m4s", 9.5, end=0.0, outcome="left")]
    assert touched(log, [], "all") == 10.0


def test_a_node_that_only_refuses_new_requests_touches_the_next_one() -> None:
    log = [entry("n1", "v720/3.m4s", 9.5)]
    requests = [ask(9.5, "v720/3.m4s"), ask(11.2, "v720/4.m4s"), ask(12.0, "v720/5.m4s")]
    assert touched(log, requests, "new") == pytest.approx(11.2)


def test_of_one_broken_file_only_its_own_requests_count() -> None:
    log = [
        entry("n1", "v720/3.m4s", 9.5, end=10.5),
        entry("n1", "v720/4.m4s", 11.0, status=404, fault="status"),
    ]
    assert touched(log, [ask(10.2, "a-en/3.m4s"), ask(11.0, "v720/4.m4s")], "marked") == 11.0


def test_a_fault_that_nobody_met_touches_nothing() -> None:
    assert touched([entry("n1", "v720/3.m4s", 8.0)], [ask(8.0, "v720/3.m4s")], "all") is None
    assert touched([entry("n1", "v720/3.m4s", 9.5, end=12.0)], [], "") is None


def test_recovery_is_the_first_byte_of_media_from_elsewhere() -> None:
    log = [
        entry("n2", "v720/2.m4s", 8.0),
        entry("n1", "v720/3.m4s", 9.5, end=0.0),
        entry("n2", "init", 10.3, kind="init"),
        entry("n2", "v720/3.m4s", 10.6, first=10.8),
    ]
    assert figures.recovery(log, node="n1", touched=10.0) == pytest.approx(0.8)
    assert figures.recovery(log[:2], node="n1", touched=10.0) == float("inf")


def test_a_playlist_that_was_refused_is_recovered_by_a_playlist() -> None:
    listed = entry("n2", "v360/index.m3u8", 10.2, first=10.3, kind="playlist")
    log = [listed, entry("n2", "v360/2.m4s", 13.0, first=13.2)]

    def recovery(requests: list[list[Any]]) -> float:
        kinds = figures.needed(log, requests, node="n1", base_url=BASE, touched=10.0)
        return figures.recovery(log, node="n1", touched=10.0, kinds=kinds)

    package = f"{BASE}/v1/{TOKEN}/{'0' * 32}"
    assert recovery([[10_000, f"{package}/v360/index.m3u8"]]) == pytest.approx(0.3)
    assert recovery([[10_000, f"{package}/v360/2.m4s"]]) == pytest.approx(3.2)


def test_bytes_beyond_an_objects_size_were_sent_twice() -> None:
    log = [
        entry("n1", "v720/3.m4s", 1.0, sent=60, outcome="left"),
        entry("n2", "v720/3.m4s", 2.0, sent=50, total=50, range="bytes=50-", status=206),
        entry("n2", "v360/3.m4s", 3.0, sent=40, total=40),
    ]
    assert figures.repeated(log) == (150, 10)


def test_pages_that_share_a_stage_have_logs_of_their_own() -> None:
    other = entry("n1", "v720/3.m4s", 1.0, path=f"/v1/{'u' * 60}/p/v720/3.m4s")
    mine = entry("n2", "v720/3.m4s", 1.0)
    assert figures.own([other, mine], [ask(1.0, "v720/3.m4s")]) == [mine]
    assert figures.serving([mine, other | {"sent": 0}]) == "n2"


def done(fault: str, *, player: str = "ours", **more: Any) -> dict[str, Any]:
    plain = {"key": fault, "fault": fault, "player": player, "nodes": 2, "at": 3.0, "ahead": 4, "stalls": 0}
    plain |= {
        "stall_ms": 0,
        "stuck": False,
        "fatal": [],
        "wrong": 0,
        "recovery": None,
        "bps": 2e6,
        "sent": 100,
    }
    return plain | {"repeated": 0, "late": 20} | more


def test_a_recovery_that_never_came_is_no_number_to_be_proud_of() -> None:
    found = summary.figures([done("kill", recovery=float("inf")), done("hang", recovery=0.5), done("none")])
    assert found["ours_switch_p95_s"] == summary.NEVER
    assert found["ours_switch_p50_s"] == 0.5


def test_spoiled_cells_are_counted_and_never_as_good_ones() -> None:
    found = summary.figures([{"key": "kill", "failed": "no browser"}, done("none")])
    assert found["cells_spoiled"] == 1
    assert "ours_stalls" not in found, "a goal without a measurement is said to be without"


def test_quality_is_measured_at_the_same_player_without_fault() -> None:
    cells = [done("none", bps=2e6), done("none", bps=4e6, ahead=0), done("slow20", bps=1e6)]
    assert summary.quality(cells, cells[2:]) == 0.5
    row = summary.row(cells, "slow20", "ours")
    assert row is not None
    assert dict(zip(summary.HEAD, row, strict=True))["quality"] == "50.0%"


def test_every_way_of_a_fault_is_played_by_every_player() -> None:
    groups = failover.plan(list(FAULTS), ["ours", "hls"], failover.FULL, quick=False)
    cells = [cell for group in groups for cell in group]
    assert len({cell.key for cell in cells}) == len(cells) == len(FAULTS) * 2 * failover.FULL
    ways = {
        (cell.nodes, cell.at, cell.ahead) for cell in cells if (cell.fault, cell.player) == ("hang", "hls")
    }
    assert len(ways) == failover.FULL
    assert groups == failover.plan(list(FAULTS), ["ours", "hls"], failover.FULL, quick=False)
    assert all(len({cell.nodes for cell in group}) == 1 for group in groups)
