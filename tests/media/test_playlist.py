"""Media playlists, read back by somebody else's parser, and the figures of RFC 8216 §4.1."""

from fractions import Fraction

import m3u8

from catalog.media import playlist


def test_a_playlist_says_all_that_a_player_needs():
    text = playlist.media_playlist([Fraction(4004, 1000), Fraction(4004, 1000), Fraction(3, 2)]).decode()
    read = m3u8.loads(text)
    assert read.target_duration == 4
    assert read.is_endlist
    assert read.playlist_type == "vod"
    assert read.is_independent_segments
    assert read.segment_map[0].uri == "init.mp4"
    assert [(part.uri, part.duration) for part in read.segments] == [
        ("0.m4s", 4.004),
        ("1.m4s", 4.004),
        ("2.m4s", 1.5),
    ]


def test_a_text_playlist_is_one_file_as_long_as_the_film():
    read = m3u8.loads(playlist.media_playlist([Fraction(5400)], text=True).decode())
    assert [(part.uri, part.duration) for part in read.segments] == [("0.vtt", 5400.0)]
    assert read.segment_map == []


def test_peak_is_over_half_to_one_and_a_half_target_durations():
    four = Fraction(4)
    # 1 MB in 4 s is 2 Mb/s; the sliver at the end is 8 Mb/s of its own, which does not count alone.
    sizes = [(1_000_000, four), (500_000, four), (100_000, Fraction(1, 10))]
    assert playlist.peak_bandwidth(sizes) == 2_000_000
    assert playlist.average_bandwidth(sizes) == -(-1_600_000 * 80 // 81)
    assert playlist.peak_bandwidth([(1000, Fraction(1, 2))]) == 16_000


def test_a_pair_of_short_segments_may_be_the_peak():
    sizes = [(400_000, Fraction(4)), (300_000, Fraction(2)), (300_000, Fraction(2))]
    assert playlist.target_duration([duration for _, duration in sizes]) == 4
    assert playlist.peak_bandwidth(sizes) == 1_200_000
