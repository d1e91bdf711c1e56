"""May one more stream begin? A table."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from playback.concurrency import Stream, Wish, decide

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
SILENCE = timedelta(seconds=30)
ADA, BEN = UUID(int=1), UUID(int=2)
FILM, OTHER = UUID(int=11), UUID(int=12)


def stream(
    number: int, *, profile: UUID = ADA, video: UUID = FILM, device: str = "sofa", seen: float = 5
) -> Stream:
    return Stream(UUID(int=100 + number), profile, video, device, NOW - timedelta(seconds=seen))


WISH = Wish(ADA, FILM, "phone")


@pytest.mark.parametrize(
    ("streams", "wish", "limit", "allowed", "replaced", "silent"),
    [
        pytest.param([], WISH, 2, True, [], [], id="nobody watches"),
        pytest.param([stream(1)], WISH, 2, True, [], [], id="one of two"),
        pytest.param([stream(1), stream(2)], WISH, 2, False, [], [], id="two of two"),
        pytest.param([stream(1), stream(2), stream(3)], WISH, 2, False, [], [], id="the plan shrank"),
        pytest.param([stream(1)], WISH, 1, False, [], [], id="one of one"),
        pytest.param([], WISH, 0, False, [], [], id="a plan without streams"),
        pytest.param([stream(1), stream(2, seen=30)], WISH, 2, True, [], [2], id="silent frees"),
        pytest.param([stream(1), stream(2, seen=29.9)], WISH, 2, False, [], [], id="not silent yet"),
        pytest.param(
            [stream(1, device="phone"), stream(2)], WISH, 2, True, [1], [], id="a reload takes its own place"
        ),
        pytest.param(
            [stream(1, device="phone"), stream(2), stream(3)], WISH, 2, False, [1], [], id="reload over it"
        ),
        pytest.param(
            [stream(1, device="phone", video=OTHER), stream(2)],
            WISH,
            2,
            False,
            [],
            [],
            id="another film is no reload",
        ),
        pytest.param(
            [stream(1, device="phone", profile=BEN), stream(2)],
            WISH,
            2,
            False,
            [],
            [],
            id="another profile is none",
        ),
        pytest.param(
            [stream(1, device="phone", video=OTHER), stream(2)],
            Wish(ADA, FILM, "phone", leaves=UUID(int=101)),
            2,
            True,
            [1],
            [],
            id="the episode before is left",
        ),
        pytest.param(
            [stream(1, device="sofa", video=OTHER), stream(2)],
            Wish(ADA, FILM, "phone", leaves=UUID(int=101)),
            2,
            False,
            [],
            [],
            id="another device's session cannot be left",
        ),
        pytest.param(
            [stream(1, device=""), stream(2, device="")],
            Wish(ADA, FILM, ""),
            2,
            False,
            [],
            [],
            id="no device known",
        ),
    ],
)
def test_counting_streams(
    streams: list[Stream], wish: Wish, limit: int, allowed: bool, replaced: list[int], silent: list[int]
) -> None:
    verdict = decide(streams, wish, limit=limit, now=NOW, silence=SILENCE)
    assert verdict.allowed is allowed
    assert verdict.replaced == tuple(UUID(int=100 + number) for number in replaced)
    assert verdict.silent == tuple(UUID(int=100 + number) for number in silent)
    assert len(verdict.holding) + len(replaced) + len(silent) == len(streams)
