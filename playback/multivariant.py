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
from itertools import chain
from urllib.parse import quote

from catalog.types import Rendition, RenditionKind
from playback.types import Capabilities

#: HLS version 7: fragmented MP4 in all tracks, and nothing newer is needed to play.
VERSION = 7
#: What a text track adds to no variant's CODECS; players expect it named when subtitles are WebVTT in the open.
_ESCAPE = str.maketrans({'"': "'", "\r": " ", "\n": " "})
#: What Apple's authoring text asks for on subtitles that also tell sounds.
_FOR_THE_DEAF = (
    "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
)
_DESCRIBES = "public.accessibility.describes-video"


@dataclass(frozen=True, slots=True)
class Pathway:
    """A place that serves the package. `base_url` has no slash at its end."""

    id: str
    base_url: str


def allowed(
    renditions: Sequence[Rendition], *, max_height: int | None, can: Capabilities | None = None
) -> tuple[Rendition, ...]:
    """What a plan may play on a device: pictures up to `max_height` pixels of the best codec that it decodes well,
    sound as it can be heard there, all text and small pictures.

    A cap below the smallest picture leaves that one: nobody pays for a black screen.
    """
    can = can or Capabilities()
    pictures = _of_one_codec(_of(renditions, RenditionKind.VIDEO), av1=can.av1)
    under = [one for one in pictures if max_height is None or (one.height or 0) <= max_height]
    if not under and pictures:
        under = [min(pictures, key=lambda one: (one.height or 0, one.bandwidth))]
    keep = {one.name for one in chain(under, _heard(_of(renditions, RenditionKind.AUDIO), can.surround))}
    chosen = (RenditionKind.VIDEO, RenditionKind.AUDIO)
    return tuple(one for one in renditions if one.kind not in chosen or one.name in keep)


def _of_one_codec(pictures: list[Rendition], *, av1: bool) -> list[Rendition]:
    """The AV1 pictures for a device that decodes them well, else the others: players do not mix codecs."""
    modern = [one for one in pictures if one.codecs.startswith("av01.")]
    return (
        modern
        if modern and (av1 or len(modern) == len(pictures))
        else [p for p in pictures if p not in modern]
    )


def _heard(sounds: list[Rendition], surround: bool | None) -> list[Rendition]:
    """Of stereo and surround that say the same: one, or both when nothing is known of the device."""
    if surround is None:
        return sounds
    names, twins = {one.name for one in sounds}, {one.twin for one in sounds}
    if surround:
        return [one for one in sounds if one.name not in twins]
    return [one for one in sounds if one.twin not in names]


def mask(renditions: Sequence[Rendition]) -> int:
    """The renditions as the bits of a token."""
    return sum(1 << index for index in {one.index for one in renditions})


@dataclass(frozen=True, slots=True)
class Places:
    """Where the renditions of one package are for one session.

    `keyed` is the session's address under which the site gives playlists that name its key; '' leads players to the
    nodes' own playlists, whose key only our loader can find.
    """

    package_id: str
    token: str
    keyed: str = ""

    def url(self, pathway: Pathway, rendition: str, name: str = "index.m3u8") -> str:
        """Where an object of a rendition stands on a pathway."""
        return f"{pathway.base_url}/v1/{self.token}/{self.package_id}/{quote(rendition)}/{name}"

    def playlist(self, pathway: Pathway, one: Rendition) -> str:
        """Where a rendition's media playlist stands."""
        if self.keyed and one.kind is not RenditionKind.TEXT:
            return f"{self.keyed}/{pathway.id}/{quote(one.name)}.m3u8"
        return self.url(pathway, one.name)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a player without an engine of ours has the playlist decide: pictures between two heights, in pixels, the
    rendition whose sound is heard, and pathways that failed it, which come last."""

    least: int = 0
    most: int = 0
    sound: str = ""
    avoid: frozenset[str] = frozenset()


def narrowed(renditions: Sequence[Rendition], wanted: Wanted) -> list[Rendition]:
    """The renditions with the pictures that are wanted; the smallest one when all are larger."""
    pictures = _of(renditions, RenditionKind.VIDEO)
    under = [one for one in pictures if not wanted.most or (one.height or 0) <= wanted.most] or pictures[:1]
    names = {one.name for one in under if (one.height or 0) >= wanted.least} or {one.name for one in under}
    return [one for one in renditions if one.kind is not RenditionKind.VIDEO or one.name in names]


def write(
    renditions: Sequence[Rendition],
    pathways: Sequence[Pathway],
    *,
    places: Places,
    steering_url: str,
    sound: str = "",
) -> str:
    """The playlist's text. `pathways` in order of preference; the first is where players start.

    `sound` is the rendition that plays when nobody chooses, '' for the film's own.
    """
    pathways = at_least_two(pathways)
    groups = sound_groups(renditions)
    pictures, texts = _of(renditions, RenditionKind.VIDEO), _of(renditions, RenditionKind.TEXT)
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-CONTENT-STEERING:SERVER-URI="{steering_url}",PATHWAY-ID="{pathways[0].id}"',
    ]
    for pathway in pathways:
        for group, sounds in groups.items():
            main = next(
                (one for one in sounds if sound and sound in (one.name, one.twin)), main_sound(sounds)
            )
            lines += [
                _sound(one, f"{group}-{pathway.id}", sounds, pathway, places, chosen=one is main)
                for one in sounds
            ]
        lines += [_text(one, texts, pathway, places) for one in texts]
    for pathway in pathways:
        for group, sounds in (groups or {"": []}).items():
            for one in pictures:
                lines += [
                    _variant(one, group, sounds, pathway, texts=bool(texts)),
                    places.playlist(pathway, one),
                ]
        lines += [_iframes(one, pathway, places) for one in pictures if one.iframes and not places.keyed]
    return "\n".join(lines) + "\n"


def at_least_two(pathways: Sequence[Pathway]) -> list[Pathway]:
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


def sound_groups(renditions: Sequence[Rendition]) -> dict[str, list[Rendition]]:
    """The sounds as groups to choose one of: all of them, or stereo and surround when some are there in both."""
    sounds = _of(renditions, RenditionKind.AUDIO)
    names = {one.name for one in sounds}
    rich = {one.twin: one for one in sounds if one.twin in names}
    if not rich:
        return {"aud": sounds} if sounds else {}
    plain = [one for one in sounds if one not in rich.values()]
    return {"aud": plain, "sur": [rich.get(one.name, one) for one in plain]}


def main_sound(sounds: Sequence[Rendition]) -> Rendition | None:
    """The sound that plays when nobody chooses: the default one, else the first; a described one only if all are."""
    plain = [one for one in sounds if not one.described] or list(sounds)
    return next((one for one in plain if one.default), plain[0] if plain else None)


def _sound(
    one: Rendition,
    group: str,
    siblings: Sequence[Rendition],
    pathway: Pathway,
    places: Places,
    *,
    chosen: bool,
) -> str:
    """One EXT-X-MEDIA line of a sound. Of each group exactly one is the default."""
    more = [f'CHANNELS="{one.channels}"'] if one.channels else []
    if one.described:
        more.append(f'CHARACTERISTICS="{_DESCRIBES}"')
    return _media("AUDIO", one, group, siblings, pathway, places, more, chosen=chosen)


def _text(one: Rendition, siblings: Sequence[Rendition], pathway: Pathway, places: Places) -> str:
    """One EXT-X-MEDIA line of a text. Text is never on by itself, but forced text, which players show of themselves."""
    more = [f"FORCED={'YES' if one.forced else 'NO'}"]
    if one.hearing_impaired:
        more.append(f'CHARACTERISTICS="{_FOR_THE_DEAF}"')
    return _media("SUBTITLES", one, f"sub-{pathway.id}", siblings, pathway, places, more, chosen=False)


def _media(
    kind: str,
    one: Rendition,
    group: str,
    siblings: Sequence[Rendition],
    pathway: Pathway,
    places: Places,
    more: Sequence[str],
    *,
    chosen: bool,
) -> str:
    attributes = [f"TYPE={kind}", f'GROUP-ID="{group}"', f'NAME="{track_name(one, siblings)}"']
    if one.language and one.language != "und":
        attributes.append(f'LANGUAGE="{one.language.translate(_ESCAPE)}"')
    attributes += [f"DEFAULT={'YES' if chosen else 'NO'}", "AUTOSELECT=YES", *more]
    attributes += [f'STABLE-RENDITION-ID="{one.name}"', f'PATHWAY-ID="{pathway.id}"']
    return "#EXT-X-MEDIA:" + ",".join([*attributes, f'URI="{places.playlist(pathway, one)}"'])


def track_name(one: Rendition, siblings: Sequence[Rendition]) -> str:
    """The label, told apart by the rendition's name when two of a group would be called the same."""
    label = (one.label or one.language or one.name).translate(_ESCAPE)
    same = [
        other
        for other in siblings
        if (other.label or other.language or other.name).translate(_ESCAPE) == label
    ]
    return f"{label} ({one.name})" if len(same) > 1 else label


def _variant(
    one: Rendition, group: str, sounds: Sequence[Rendition], pathway: Pathway, *, texts: bool
) -> str:
    """One EXT-X-STREAM-INF line: its bandwidth holds the dearest sound, for it must be true whichever is chosen."""
    peak = one.bandwidth + max((sound.bandwidth for sound in sounds), default=0)
    mean = one.average_bandwidth + max((sound.average_bandwidth for sound in sounds), default=0)
    codecs = list(dict.fromkeys([one.codecs, *(sound.codecs for sound in sounds)]))
    attributes = [f"BANDWIDTH={peak}", f"AVERAGE-BANDWIDTH={mean}", f'CODECS="{",".join(codecs)}"']
    attributes += _looks(one)
    if one.frame_rate:
        attributes.append(f"FRAME-RATE={one.frame_rate:.3f}")
    if sounds:
        attributes.append(f'AUDIO="{group}-{pathway.id}"')
    if texts:
        attributes.append(f'SUBTITLES="sub-{pathway.id}"')
    stable = one.name if group in ("aud", "") else f"{one.name}-{group}"
    attributes += ["CLOSED-CAPTIONS=NONE", f'STABLE-VARIANT-ID="{stable}"', f'PATHWAY-ID="{pathway.id}"']
    return "#EXT-X-STREAM-INF:" + ",".join(attributes)


def _iframes(one: Rendition, pathway: Pathway, places: Places) -> str:
    """One EXT-X-I-FRAME-STREAM-INF line: the keyframes alone, for scrubbing."""
    attributes = [f"BANDWIDTH={one.iframe_bandwidth}", f'CODECS="{one.codecs}"', *_looks(one)]
    attributes += [f'STABLE-VARIANT-ID="{one.name}"', f'PATHWAY-ID="{pathway.id}"']
    url = places.url(pathway, one.name, "iframes.m3u8")
    return "#EXT-X-I-FRAME-STREAM-INF:" + ",".join([*attributes, f'URI="{url}"'])


def _looks(one: Rendition) -> list[str]:
    return [f"RESOLUTION={one.width}x{one.height}"] if one.width and one.height else []
