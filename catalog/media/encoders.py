"""What each encoder is told for one rung of one chunk: the options between the filter graph and the file's name.

Every encoder obeys the same grid: closed groups of exactly one segment, one thread (with several, x264 under a cap
gives other bytes each time; chunks run side by side instead), no metadata, CMAF fragments at absolute times.
"""

from catalog.media import hardware
from catalog.media.ladder import Rung
from catalog.media.plan import Chunk, Plan

#: SVT-AV1's preset: 10 costs what x264's veryfast costs and needs half the bits.
AV1_PRESET = "10"


def options(plan: Plan, chunk: Chunk, rung: Rung) -> list[str]:
    """The options of one output file of ffmpeg, without its name. Raises `ValueError` for an unknown codec."""
    rate = plan.rate
    # Chapters would add a text track; metadata holds places.
    told = ["-map_metadata", "-1", "-map_chapters", "-1"]
    told += ["-fps_mode", "passthrough", "-enc_time_base:v", f"{rate.denominator}/{rate.numerator}"]
    told += ["-video_track_timescale", str(plan.timescale)]
    told += _encoder(plan, rung)
    told += ["-flags:v", "+bitexact+cgop", "-fflags", "+bitexact"]
    # cmaf: no edit list, first picture at its time; frag_discont: times go on where the last chunk ended.
    told += ["-movflags", "+cmaf+frag_keyframe+skip_trailer+frag_discont"]
    return [*told, "-fragment_index", str(chunk.segment + 1), "-f", "mp4"]


def _encoder(plan: Plan, rung: Rung) -> list[str]:
    if rung.encoder:
        return hardware.options(plan, rung)
    if rung.codec == "h264":
        return _x264(plan, rung)
    if rung.codec == "av1":
        return _svtav1(plan, rung)
    raise ValueError(f"nothing here encodes {rung.codec!r}")


def quality(value: float) -> str:
    """A quality factor as a command line has it."""
    return f"{value:g}"


def _x264(plan: Plan, rung: Rung) -> list[str]:
    told = ["-c:v", "libx264", "-preset", plan.preset, "-threads:v", "1", "-profile:v", rung.profile]
    told += ["-pix_fmt", "yuv420p"]
    told += ["-b:v", str(rung.bits)] if rung.bits else ["-crf", quality(rung.crf)]
    told += ["-maxrate", str(rung.cap), "-bufsize", str(rung.buffer)]
    return [*told, "-g", str(plan.gop), "-keyint_min", str(plan.gop), "-sc_threshold", "0"]


def _svtav1(plan: Plan, rung: Rung) -> list[str]:
    told = [
        "-c:v",
        "libsvtav1",
        "-preset",
        AV1_PRESET,
        "-pix_fmt",
        "yuv420p",
        "-crf",
        quality(round(rung.crf)),
    ]
    told += ["-maxrate", str(rung.cap), "-bufsize", str(rung.buffer), "-g", str(plan.gop)]
    # lp: one thread, for the same bytes each time; scd: no keyframes of its own choosing; the rest of grain's is off.
    params = {"lp": "1", "scd": "0"}
    if rung.grain:
        params |= {"film-grain": str(rung.grain), "film-grain-denoise": "1"}
    return [*told, "-svtav1-params", ":".join(f"{name}={value}" for name, value in params.items())]
