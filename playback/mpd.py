"""The same segments as a DASH presentation (ISO/IEC 23009-1), with every pathway as a base address. Pure.

Segments are named by number and timed to the tick; players steer between base addresses by their service location
(ETSI TS 103 998), asking the very address that HLS players ask.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from catalog.types import Rendition, RenditionKind
from playback.multivariant import Pathway, Places, at_least_two, main_sound, track_name

#: Ticks a second for packages from before their files' own clocks were told.
_MICROSECONDS = 1_000_000
#: Channels → their configuration by ISO/IEC 23091-3, where the numbers differ.
_CONFIGURATIONS = {8: 12, 7: 11}
_ROLE = "urn:mpeg:dash:role:2011"
_THUMBNAILS = "http://dashif.org/guidelines/thumbnail_tile"


def write(
    renditions: Sequence[Rendition],
    pathways: Sequence[Pathway],
    *,
    places: Places,
    duration: timedelta,
    steering_url: str,
) -> str:
    """The MPD's text. `pathways` in order of preference; the first is where players start."""
    pathways = at_least_two(pathways)
    longest = max((part.duration for one in _timed(renditions) for part in one.segments), default=4.0)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
        ' profiles="urn:mpeg:dash:profile:isoff-live:2011"'
        f' mediaPresentationDuration="PT{duration.total_seconds():.3f}S" minBufferTime="PT{longest:.3f}S">',
    ]
    for pathway in pathways:
        base = places.url(pathway, "", "").removesuffix("/")
        lines.append(f"  <BaseURL serviceLocation={quoteattr(pathway.id)}>{escape(base)}</BaseURL>")
    lines += [
        f"  <ContentSteering defaultServiceLocation={quoteattr(pathways[0].id)}"
        f' queryBeforeStart="false">{escape(steering_url)}</ContentSteering>',
        '  <Period id="0" start="PT0S">',
        *_pictures(renditions),
        *_sounds(renditions),
        *_texts(renditions),
        *_thumbnails(renditions),
        "  </Period>",
        "</MPD>",
    ]
    return "\n".join(lines) + "\n"


def _timed(renditions: Sequence[Rendition]) -> list[Rendition]:
    return [one for one in renditions if one.kind in (RenditionKind.VIDEO, RenditionKind.AUDIO)]


def _pictures(renditions: Sequence[Rendition]) -> list[str]:
    """One set for each codec: renditions of one may be switched between."""
    found = [one for one in renditions if one.kind is RenditionKind.VIDEO]
    sets: dict[str, list[Rendition]] = {}
    for one in found:
        sets.setdefault(one.codecs.split(".")[0], []).append(one)
    lines = []
    for members in sets.values():
        lines.append(
            f'    <AdaptationSet id="{members[0].index}" contentType="video" mimeType="video/mp4"'
            ' segmentAlignment="true" startWithSAP="1">'
        )
        timelines = [_template(one) for one in members]
        shared = all(timeline == timelines[0] for timeline in timelines)
        if shared:
            lines += [f"      {line}" for line in timelines[0]]
        for one, timeline in zip(members, timelines, strict=True):
            head = f"      <Representation {_identity(one)}{_looks(one)}"
            if shared:
                lines.append(f"{head}/>")
            else:
                lines += [f"{head}>", *(f"        {line}" for line in timeline), "      </Representation>"]
        lines.append("    </AdaptationSet>")
    return lines


def _sounds(renditions: Sequence[Rendition]) -> list[str]:
    """One set for each track; stereo and surround of one language are two."""
    found = [one for one in renditions if one.kind is RenditionKind.AUDIO]
    main = main_sound(found)
    lines = []
    for one in found:
        role = "main" if one is main else "alternate"
        lines += [
            f'    <AdaptationSet id="{one.index}" contentType="audio" mimeType="audio/mp4"'
            f'{_language(one)} segmentAlignment="true" startWithSAP="1">',
            f'      <Role schemeIdUri="{_ROLE}" value="{role}"/>',
            f"      <Label>{escape(track_name(one, found))}</Label>",
            *(f"      {line}" for line in _template(one)),
            f"      <Representation {_identity(one)}>",
        ]
        if one.channels:
            lines.append(
                '        <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration"'
                f' value="{_CONFIGURATIONS.get(one.channels, one.channels)}"/>'
            )
        lines += ["      </Representation>", "    </AdaptationSet>"]
    return lines


def _texts(renditions: Sequence[Rendition]) -> list[str]:
    found = [one for one in renditions if one.kind is RenditionKind.TEXT]
    lines = []
    for one in found:
        role = "forced-subtitle" if one.forced else "caption" if one.hearing_impaired else "subtitle"
        lines += [
            f'    <AdaptationSet id="{one.index}" contentType="text" mimeType="text/vtt"{_language(one)}>',
            f'      <Role schemeIdUri="{_ROLE}" value="{role}"/>',
            f"      <Label>{escape(track_name(one, found))}</Label>",
            f'      <Representation id={quoteattr(one.name)} bandwidth="{max(1, one.bandwidth)}">',
            f"        <BaseURL>{escape(one.name)}/0.vtt</BaseURL>",
            "      </Representation>",
            "    </AdaptationSet>",
        ]
    return lines


def _thumbnails(renditions: Sequence[Rendition]) -> list[str]:
    """Sheets of small pictures. Their template has one length for all, which those of even segments have."""
    lines = []
    for one in renditions:
        if one.kind is not RenditionKind.IMAGES or not one.tiles:
            continue
        columns, rows = one.tiles
        each = max(part.duration for part in one.segments)
        lines += [
            f'    <AdaptationSet id="{one.index}" contentType="image" mimeType="image/webp">',
            '      <SegmentTemplate media="$RepresentationID$/$Number$.webp" startNumber="0"'
            f' timescale="{_MICROSECONDS}" duration="{round(each * _MICROSECONDS)}"/>',
            f'      <Representation id={quoteattr(one.name)} bandwidth="{max(1, one.bandwidth)}"'
            f' width="{(one.width or 0) * columns}" height="{(one.height or 0) * rows}">',
            f'        <EssentialProperty schemeIdUri="{_THUMBNAILS}" value="{columns}x{rows}"/>',
            "      </Representation>",
            "    </AdaptationSet>",
        ]
    return lines


def _template(one: Rendition) -> list[str]:
    """Names and times of a rendition's segments."""
    scale = one.timescale or _MICROSECONDS
    ticks = [round(part.duration * scale) for part in one.segments]
    lines = [
        f'<SegmentTemplate timescale="{scale}" startNumber="0"'
        ' initialization="$RepresentationID$/init.mp4" media="$RepresentationID$/$Number$.m4s">',
        "  <SegmentTimeline>",
    ]
    first = f' t="{one.start}"'
    for length, run in groupby(ticks):
        again = len(list(run)) - 1
        repeat = f' r="{again}"' if again else ""
        lines.append(f'    <S{first} d="{length}"{repeat}/>')
        first = ""
    return [*lines, "  </SegmentTimeline>", "</SegmentTemplate>"]


def _identity(one: Rendition) -> str:
    return f'id={quoteattr(one.name)} codecs={quoteattr(one.codecs)} bandwidth="{one.bandwidth}"'


def _looks(one: Rendition) -> str:
    size = f' width="{one.width}" height="{one.height}" sar="1:1"' if one.width and one.height else ""
    return size + (f' frameRate="{_rate(one.frame_rate)}"' if one.frame_rate else "")


def _rate(rate: float) -> str:
    """Frames a second as a whole number or a fraction, as the standard writes it."""
    if abs(rate - round(rate)) < 0.0005:
        return str(round(rate))
    thousandths = round(rate * 1001)
    if abs(thousandths / 1001 - rate) < 0.0006 and thousandths % 1000 == 0:
        return f"{thousandths}/1001"
    return f"{round(rate * 1000)}/1000"


def _language(one: Rendition) -> str:
    return f" lang={quoteattr(one.language)}" if one.language and one.language != "und" else ""
