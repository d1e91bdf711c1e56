"""What stands between a source's picture and an ordinary screen: fields, orientation, colours. Pure: facts in, ffmpeg
filters out; only numbers and names of ours go into them."""

from catalog.media.facts import Picture

#: Light beyond an ordinary screen's, mapped onto it; reference white stays a bright white.
_HDR_TO_SDR = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
)
#: Colours that only new screens show, in ordinary light.
_WIDE_TO_USUAL = "zscale=p=bt709:t=bt709:m=bt709:r=tv,format=yuv420p"
_TURNS = {90: ["transpose=clock"], 180: ["hflip", "vflip"], 270: ["transpose=cclock"]}
_UNNAMED = frozenset({"", "unknown", "unspecified", "reserved"})
#: Matrix → what goes with it when the file names nothing else: primaries, transfer.
_FAMILY = {
    "bt709": ("bt709", "bt709"),
    "smpte170m": ("smpte170m", "smpte170m"),
    "bt470bg": ("bt470bg", "bt470bg"),
    "bt2020nc": ("bt2020", "bt2020-10"),
    "bt2020c": ("bt2020", "bt2020-10"),
}
_RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "x2rgb", "x2bgr")


def whole_frames(picture: Picture) -> list[str]:
    """Woven fields become frames. Must come before anything that drops or repeats frames."""
    return ["bwdif=mode=send_frame:parity=auto:deint=interlaced"] if picture.interlaced else []


def upright(picture: Picture) -> list[str]:
    """Mirror and turn as the file says."""
    return (["hflip"] if picture.mirrored else []) + _TURNS.get(picture.rotation, [])


def steady(picture: Picture) -> list[str]:
    """Frames of another size, as some broadcasts have them, become as large as the first ones; others pass untouched.
    Stands before all other filters, which are made for one size. Their input has `-reinit_filter 0`: a graph that is
    built anew in the middle would count its frames from zero."""
    return [f"scale={picture.width}:{picture.height}"]


def bare() -> list[str]:
    """Take all notes off the frames: how to turn them (that is done), how bright they were, where they were taken."""
    return ["sidedata=mode=delete"]


def colours(picture: Picture, *, has_zscale: bool) -> list[str]:
    """Bring colours onto ordinary screens, and name those of a source that does not: players guess by rung size."""
    if picture.hdr and has_zscale:
        return [*_named(picture), _HDR_TO_SDR]
    if picture.pixel_format.startswith(_RGB):
        names = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709"
        return ["scale=out_color_matrix=bt709:out_range=tv", "format=yuv420p", names]
    if picture.primaries == "bt2020" and has_zscale:
        return [*_named(picture), _WIDE_TO_USUAL]
    return _named(picture)


def _named(picture: Picture) -> list[str]:
    """Names for what the file is silent about, guessed from what it says and from its size."""
    matrix = picture.matrix
    if matrix in _UNNAMED and (picture.hdr or picture.primaries == "bt2020"):
        matrix = "bt2020nc"
    elif matrix in _UNNAMED:
        matrix = "bt709" if min(picture.width, picture.height) >= 720 else "smpte170m"
    primaries, transfer = _FAMILY.get(matrix, ("bt709", "bt709"))
    guesses = (
        ("color_primaries", primaries, picture.primaries),
        ("color_trc", transfer, picture.transfer),
        ("colorspace", matrix, picture.matrix),
    )
    missing = ":".join(f"{name}={guess}" for name, guess, said in guesses if said in _UNNAMED)
    return [f"setparams={missing}"] if missing else []
