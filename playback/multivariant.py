"""The multivariant playlist: every picture rendition, through every pathway. Pure: a package in, text out.

Rules that were found the hard way (the player report):
- sound is never muxed, and each pathway has its own sound and text groups: else the picture moves to another node
  and the sound stays on the dead one;
- variants come in the same order with the same numbers in every pathway: players map them by position;
- at least two pathways, and both SERVER-URI and PATHWAY-ID: else some players ignore steering;
- CLOSED-CAPTIONS=NONE: else a player downloads segments to look for captions;
- the token stands in the path: players do not pass queries on to segments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from catalog.types import Rendition, RenditionKind

#: HLS version 7: fragmented MP4 in all tracks, and nothing newer is needed to play.
VERSION = 7
#: What a text track adds to no variant's CODECS; players expect it named when subtitles are WebVTT in the open.
_ESCAPE = str.maketrans({'"': "'", "\r": " ", "\n": " "})


@dataclass(frozen=True, slots=True)
class Pathway:
    """A place that serves the package. `base_url` has no slash at its end."""

    id: str
    base_url: str


def allowed(renditions: Sequence[Rendition], *, max_height: int | None) -> tuple[Rendition, ...]:
    """What a plan may play: pictures up to `max_height` pixels, all sound and text.

    A cap below the smallest picture leaves that one: nobody pays for a black screen.
    """
    pictures = [one for one in renditions if one.kind is RenditionKind.VIDEO]
    under = [one for one in pictures if max_height is None or (one.height or 0) <= max_height]
    if not under and pictures:
        under = [min(pictures, key=lambda one: (one.height or 0, one.bandwidth))]
    keep = {one.name for one in under}
    return tuple(one for one in renditions if one.kind is not RenditionKind.VIDEO or one.name in keep)


def mask(renditions: Sequence[Rendition]) -> int:
    """The renditions as the bits of a token."""
    return sum(1 << index for index in {one.index for one in renditions})


def media_url(pathway: Pathway, *, token: str, package_id: str, rendition: str) -> str:
    """Where a rendition's media playlist stands on a pathway."""
    return f"{pathway.base_url}/v1/{token}/{package_id}/{quote(rendition)}/index.m3u8"


def write(
    renditions: Sequence[Rendition],
    pathways: Sequence[Pathway],
    *,
    package_id: str,
    token: str,
    steering_url: str,
) -> str:
    """The playlist's text. `pathways` in order of preference; the first is where players start."""
    pathways = _at_least_two(pathways)
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-CONTENT-STEERING:SERVER-URI="{steering_url}",PATHWAY-ID="{pathways[0].id}"',
    ]
    for pathway in pathways:
        for one in _of(renditions, RenditionKind.AUDIO) + _of(renditions, RenditionKind.TEXT):
            url = media_url(pathway, token=token, package_id=package_id, rendition=one.name)
            lines.append(_media(one, renditions, pathway, url))
    for pathway in pathways:
        for one in _of(renditions, RenditionKind.VIDEO):
            lines.append(_variant(one, renditions, pathway))
            lines.append(media_url(pathway, token=token, package_id=package_id, rendition=one.name))
    return "\n".join(lines) + "\n"


def _at_least_two(pathways: Sequence[Pathway]) -> list[Pathway]:
    """A lone pathway is written twice under two names: to a player that is a second chance at the same place."""
    if len(pathways) == 1:
        return [pathways[0], Pathway(f"{pathways[0].id}-again", pathways[0].base_url)]
    return list(pathways)


def _of(renditions: Sequence[Rendition], kind: RenditionKind) -> list[Rendition]:
    """The renditions of a kind; pictures from small to large, so that a start is quick and orders agree."""
    some = [one for one in renditions if one.kind is kind]
    if kind is RenditionKind.VIDEO:
        return sorted(some, key=lambda one: (one.bandwidth, one.name))
    return sorted(some, key=lambda one: one.index)


def _main_sound(renditions: Sequence[Rendition]) -> Rendition | None:
    """The sound that plays when nobody chooses: the default one, else the first."""
    sounds = _of(renditions, RenditionKind.AUDIO)
    return next((one for one in sounds if one.default), sounds[0] if sounds else None)


def _media(one: Rendition, renditions: Sequence[Rendition], pathway: Pathway, url: str) -> str:
    """One EXT-X-MEDIA line. Of each group exactly one sound is the default; text is never on by itself."""
    sound = one.kind is RenditionKind.AUDIO
    chosen = sound and one is _main_sound(renditions)
    siblings = _of(renditions, one.kind)
    attributes = [
        f"TYPE={'AUDIO' if sound else 'SUBTITLES'}",
        f'GROUP-ID="{"aud" if sound else "sub"}-{pathway.id}"',
        f'NAME="{_name(one, siblings)}"',
        f"DEFAULT={'YES' if chosen else 'NO'}",
        "AUTOSELECT=YES",
    ]
    if one.language and one.language != "und":
        attributes.insert(3, f'LANGUAGE="{one.language.translate(_ESCAPE)}"')
    if sound and one.channels:
        attributes.append(f'CHANNELS="{one.channels}"')
    if not sound:
        attributes.append("FORCED=NO")
    attributes += [f'STABLE-RENDITION-ID="{one.name}"', f'PATHWAY-ID="{pathway.id}"', f'URI="{url}"']
    return "#EXT-X-MEDIA:" + ",".join(attributes)


def _name(one: Rendition, siblings: Sequence[Rendition]) -> str:
    """The label, told apart by the rendition's name when two of a group would be called the same."""
    label = (one.label or one.language or one.name).translate(_ESCAPE)
    same = [
        other
        for other in siblings
        if (other.label or other.language or other.name).translate(_ESCAPE) == label
    ]
    return f"{label} ({one.name})" if len(same) > 1 else label


def _variant(one: Rendition, renditions: Sequence[Rendition], pathway: Pathway) -> str:
    """One EXT-X-STREAM-INF line: its bandwidth holds the dearest sound, for it must be true whichever is chosen."""
    sounds = _of(renditions, RenditionKind.AUDIO)
    peak = one.bandwidth + max((sound.bandwidth for sound in sounds), default=0)
    mean = one.average_bandwidth + max((sound.average_bandwidth for sound in sounds), default=0)
    codecs = list(dict.fromkeys([one.codecs, *(sound.codecs for sound in sounds)]))
    attributes = [f"BANDWIDTH={peak}", f"AVERAGE-BANDWIDTH={mean}", f'CODECS="{",".join(codecs)}"']
    if one.width and one.height:
        attributes.append(f"RESOLUTION={one.width}x{one.height}")
    if one.frame_rate:
        attributes.append(f"FRAME-RATE={one.frame_rate:.3f}")
    if sounds:
        attributes.append(f'AUDIO="aud-{pathway.id}"')
    if _of(renditions, RenditionKind.TEXT):
        attributes.append(f'SUBTITLES="sub-{pathway.id}"')
    attributes += [
        "CLOSED-CAPTIONS=NONE",
        f'STABLE-VARIANT-ID="{one.name}"',
        f'PATHWAY-ID="{pathway.id}"',
    ]
    return "#EXT-X-STREAM-INF:" + ",".join(attributes)
