"""Films as cameras, telephones, studios, broadcasters and discs make them: all of these must play, in their right
colours, the right way up, in their shape, for their whole length."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.media import clips
from tests.media.corpus.rows import CORNERS, Plays, Row

BT709 = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-threads", "1")
_X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")
_TONE = "sine=frequency=440:sample_rate=48000"


def corners(size: str, rate: str, seconds: float) -> str:
    """A picture of four colours with a moving mark, in RGB."""
    red, green, blue, white = ("0x{:02x}{:02x}{:02x}".format(*CORNERS[name]) for name in "RGBW")
    box = "drawbox=w=iw/2:h=ih/2:t=fill"
    return (
        f"color=c={red}:s={size}:r={rate}:d={seconds},format=gbrp,{box}:x=iw/2:y=0:c={green},"
        f"{box}:x=0:y=ih/2:c={blue},{box}:x=iw/2:y=ih/2:c={white}"
    )


def film(
    path: Path,
    *options: str,
    size: str = "320x180",
    rate: str = "25",
    seconds: float = 2,
    filters: str = "",
    matrix: str = "bt709",
    pixels: str = "yuv420p",
    sounds: Sequence[str] = (_TONE,),
    coder: Sequence[str] = _X264,
) -> Path:
    """Draw the four colours with sound beside them, stored as `pixels` of `matrix`."""
    inputs = ["-f", "lavfi", "-i", corners(size, rate, seconds)]
    maps = ["-map", "0:v"]
    for number, sound in enumerate(sounds, start=1):
        inputs += ["-f", "lavfi", "-i", f"{sound}:d={seconds}"]
        maps += ["-map", f"{number}:a"]
    stored = f"scale=out_color_matrix={matrix}:out_range={'pc' if 'j' in pixels else 'tv'},format={pixels}"
    if "rgb" in pixels or "gbr" in pixels:
        stored = f"format={pixels}"
    picture = ",".join(part for part in (stored, filters) if part)
    clips.ffmpeg(*inputs, *maps, "-vf", picture, *coder, *options, path)
    return path


def _made(name: str, *options: str, **more: object) -> Callable[[Path], Path]:
    """A maker for `film`."""
    return lambda folder: film(folder / name, *options, **more)  # type: ignore[arg-type]


def _turned(degrees: str, *flips: str) -> Callable[[Path], Path]:
    """A film lying on its side, as telephones store it: the file says how to hold it."""

    def make(folder: Path) -> Path:
        lying = film(folder / "lying.mp4", *BT709)
        target = folder / "turned.mp4"
        clips.ffmpeg("-display_rotation:v:0", degrees, *flips, "-i", lying, "-c", "copy", target)
        return target

    return make


def _again(name: str, *options: str, before: Sequence[str] = ()) -> Callable[[Path], Path]:
    """An ordinary film, packed anew in some other way."""

    def make(folder: Path) -> Path:
        plain = film(folder / "plain.mp4", *BT709, "-bf", "2", coder=(*_X264[:3], "veryfast"))
        target = folder / name
        clips.ffmpeg(*before, "-i", plain, "-c", "copy", *options, target)
        return target

    return make


_PQ = ("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")
_HLG = ("-color_primaries", "bt2020", "-color_trc", "arib-std-b67", "-colorspace", "bt2020nc")


def _bright(name: str, transfer: str, tags: Sequence[str], *options: str) -> Callable[[Path], Path]:
    """The four colours in light of another kind: linear, then PQ or HLG in BT.2020."""
    light = (
        "format=gbrpf32le,setparams=color_primaries=bt709:color_trc=bt709:colorspace=gbr:range=pc,"
        f"zscale=t=linear:npl=203,zscale=p=bt2020:t={transfer}:m=bt2020nc:r=tv:npl=203,format=yuv420p10le"
    )

    def make(folder: Path) -> Path:
        inputs = ["-f", "lavfi", "-i", corners("320x180", "25", 2), "-f", "lavfi", "-i", f"{_TONE}:d=2"]
        clips.ffmpeg(*inputs, "-vf", light, *_X265, *tags, *options, folder / name)
        return folder / name

    return make


def _recorded(name: str, *options: str) -> Callable[[Path], Path]:
    """Two recordings of different sizes joined end to end, as when a broadcaster changes the picture's size."""

    def make(folder: Path) -> Path:
        parts = []
        for size in ("320x180", "160x90"):
            part = film(folder / f"{size}.ts", *BT709, size=size)
            parts.append(part.read_bytes())
        (folder / name).write_bytes(b"".join(parts))
        return folder / name

    return make


def _late_sound(folder: Path) -> Path:
    """The picture at once, the sound a second later."""
    plain = film(folder / "plain.mp4", *BT709)
    target = folder / "late-sound.mkv"
    inputs = ["-i", plain, "-itsoffset", "1", "-i", plain]
    clips.ffmpeg(*inputs, "-map", "0:v", "-map", "1:a", "-c", "copy", "-t", "2", target)
    return target


def _cover(folder: Path) -> Path:
    """A picture of 600 x 900 that stands before the film and is marked as its cover."""
    plain, cover = film(folder / "plain.mp4", *BT709), folder / "cover.png"
    clips.ffmpeg("-f", "lavfi", "-i", "color=c=magenta:s=600x900", "-frames:v", "1", cover)
    target = folder / "cover.mp4"
    options = ["-map", "1", "-map", "0", "-c", "copy", "-disposition:v:0", "attached_pic"]
    clips.ffmpeg("-i", plain, "-i", cover, *options, target)
    return target


def _everything(folder: Path) -> Path:
    """Two languages, a commentary, three kinds of subtitles, chapters, a font: what collectors make."""
    plain = film(folder / "plain.mp4", *BT709, sounds=(_TONE, _TONE, _TONE))
    cue = "1\n00:00:00,200 --> 00:00:01,500\n{}\n"
    for name in ("en", "fr"):
        (folder / f"{name}.srt").write_text(cue.format(name))
    chapters = folder / "chapters.txt"
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=One\n")
    font = folder / "font.ttf"
    font.write_bytes(b"\0\1\0\0" + bytes(range(256)))
    inputs = [plain, folder / "en.srt", folder / "fr.srt"]
    options = [part for path in inputs for part in ("-i", path)]
    options += [
        "-f",
        "ffmetadata",
        "-i",
        chapters,
        "-map",
        "0",
        "-map",
        "1",
        "-map",
        "2",
        "-map_chapters",
        "3",
    ]
    options += ["-c:v", "copy", "-c:a", "ac3", "-c:s:0", "srt", "-c:s:1", "ass"]
    options += ["-attach", font, "-metadata:s:t", "mimetype=font/ttf"]
    for spot, language in {"a:0": "eng", "a:1": "fra", "a:2": "eng", "s:0": "eng", "s:1": "fra"}.items():
        options += [f"-metadata:s:{spot}", f"language={language}"]
    target = folder / "everything.mkv"
    clips.ffmpeg(*options, "-metadata:s:a:2", "title=Commentary", "-disposition:a:2", "comment", target)
    return target


_P = Plays

FILMS: tuple[Row, ...] = (
    Row("h264.mp4", "H.264 and AAC, as most films are", _made("h264.mp4", *BT709), _P()),
    Row(
        "full-range.mp4", "full-range colours (telephones)", _made("full-range.mp4", pixels="yuvj420p"), _P()
    ),
    Row(
        "old-matrix.mp4", "BT.601 colours", _made("old.mp4", "-colorspace", "smpte170m", matrix="bt601"), _P()
    ),
    Row("high10.mkv", "H.264 of 10 bits", _made("high10.mkv", *BT709, pixels="yuv420p10le"), _P()),
    Row("444.mp4", "H.264 4:4:4", _made("444.mp4", *BT709, pixels="yuv444p"), _P()),
    Row(
        "rgb.mkv",
        "H.264 in RGB",
        _made("rgb.mkv", pixels="gbrp", coder=("-c:v", "libx264rgb", "-preset", "ultrafast")),
        _P(),
    ),
    Row("hevc.mkv", "HEVC", _made("hevc.mkv", *BT709, coder=_X265), _P()),
    Row(
        "hevc10.mp4",
        "HEVC of 10 bits, tagged hev1",
        _made("hevc10.mp4", *BT709, pixels="yuv420p10le", coder=_X265),
        _P(),
    ),
    Row("hdr10.mkv", "HDR10: PQ, BT.2020", _bright("hdr10.mkv", "smpte2084", _PQ), _P(tolerance=60)),
    Row(
        "hlg.mp4",
        "HLG, BT.2020",
        _bright("hlg.mp4", "arib-std-b67", _HLG, "-tag:v", "hvc1"),
        _P(tolerance=60),
    ),
    Row(
        "av1.webm",
        "AV1 and Opus",
        _made("av1.webm", *BT709, "-c:a", "libopus", coder=("-c:v", "libsvtav1", "-preset", "12")),
        _P(),
    ),
    Row(
        "vp9.webm",
        "VP9 and Opus",
        _made(
            "vp9.webm",
            *BT709,
            "-c:a",
            "libopus",
            coder=("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"),
        ),
        _P(),
    ),
    Row(
        "vp8.webm",
        "VP8 and Vorbis",
        _made(
            "vp8.webm",
            "-c:a",
            "libvorbis",
            matrix="bt601",
            coder=("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "2M"),
        ),
        _P(),
    ),
    Row(
        "prores.mov",
        "ProRes 422 HQ, uncompressed sound",
        _made(
            "prores.mov",
            *BT709,
            "-c:a",
            "pcm_s24le",
            pixels="yuv422p10le",
            coder=("-c:v", "prores_ks", "-profile:v", "3"),
        ),
        _P(),
    ),
    Row(
        "prores4444.mov",
        "ProRes 4444 with transparency",
        _made(
            "prores4444.mov",
            *BT709,
            pixels="yuva444p10le",
            coder=("-c:v", "prores_ks", "-profile:v", "4444"),
        ),
        _P(),
    ),
    Row(
        "dnxhr.mxf",
        "DNxHR in MXF",
        _made(
            "dnxhr.mxf",
            *BT709,
            "-c:a",
            "pcm_s16le",
            pixels="yuv422p",
            coder=("-c:v", "dnxhd", "-profile:v", "dnxhr_sq"),
        ),
        _P(),
    ),
    Row(
        "ffv1.mkv",
        "FFV1 and FLAC, an archive's",
        _made("ffv1.mkv", *BT709, "-c:a", "flac", coder=("-c:v", "ffv1")),
        _P(),
    ),
    Row(
        "raw.avi",
        "uncompressed RGB in AVI",
        _made("raw.avi", "-c:a", "pcm_s16le", pixels="bgr24", coder=("-c:v", "rawvideo")),
        _P(),
    ),
    Row(
        "mjpeg.avi",
        "Motion JPEG of an old camera",
        _made(
            "mjpeg.avi",
            "-c:a",
            "pcm_u8",
            pixels="yuvj422p",
            matrix="bt601",
            coder=("-c:v", "mjpeg", "-q:v", "3"),
        ),
        _P(),
    ),
    Row(
        "xvid.avi",
        "MPEG-4 ASP with B-frames, MP3",
        _made(
            "xvid.avi",
            "-c:a",
            "libmp3lame",
            matrix="bt601",
            coder=("-c:v", "mpeg4", "-q:v", "3", "-bf", "2", "-vtag", "XVID"),
        ),
        _P(),
    ),
    Row(
        "wmv2.wmv",
        "WMV and WMA",
        _made("wmv2.wmv", matrix="bt601", coder=("-c:v", "wmv2", "-b:v", "2M")),
        _P(),
    ),
    Row(
        "theora.ogv",
        "Theora and Vorbis",
        _made("theora.ogv", "-c:a", "libvorbis", matrix="bt601", coder=("-c:v", "libtheora", "-q:v", "9")),
        _P(),
    ),
    Row(
        "flash.flv",
        "Sorenson Spark and MP3 in FLV",
        _made(
            "flash.flv",
            "-ar",
            "44100",
            "-c:a",
            "libmp3lame",
            matrix="bt601",
            coder=("-c:v", "flv", "-q:v", "3"),
        ),
        _P(),
    ),
    Row(
        "dvd.vob",
        "MPEG-2 and AC-3 of a DVD, pixels not square",
        _made(
            "dvd.vob",
            "-c:a",
            "ac3",
            "-aspect",
            "16:9",
            size="720x576",
            matrix="bt601",
            coder=("-c:v", "mpeg2video", "-b:v", "5M"),
        ),
        _P(size=(1024, 576)),
    ),
    Row(
        "laced.ts",
        "interlaced MPEG-2 broadcast",
        _made(
            "laced.ts",
            "-flags",
            "+ilme+ildct",
            size="320x240",
            rate="50",
            filters="tinterlace=interleave_top,fieldorder=tff",
            matrix="bt601",
            coder=("-c:v", "mpeg2video", "-b:v", "4M"),
        ),
        _P(size=(320, 240)),
    ),
    Row(
        "laced-h264.mkv",
        "interlaced H.264",
        _made(
            "laced.mkv",
            "-flags",
            "+ilme+ildct",
            rate="50",
            filters="tinterlace=interleave_top,fieldorder=tff",
        ),
        _P(),
    ),
    Row(
        "camera.m2ts",
        "H.264 and AC-3 of a camcorder (192-byte packets)",
        _made("camera.m2ts", *BT709, "-c:a", "ac3", "-mpegts_m2ts_mode", "1"),
        _P(),
    ),
    Row("joined.ts", "the picture's size changes in the middle", _recorded("joined.ts"), _P(seconds=4)),
    Row(
        "late.ts",
        "its clock begins at 26 h 30 min, just before it wraps",
        _again("late.ts", "-output_ts_offset", "95442.7"),
        _P(),
    ),
    Row("turned90.mp4", "to be turned by a quarter", _turned("90"), _P(size=(180, 320), corners="GWRB")),
    Row("turned180.mp4", "upside down", _turned("180"), _P(corners="WBGR")),
    Row(
        "turned270.mp4", "to be turned by three quarters", _turned("-90"), _P(size=(180, 320), corners="BRWG")
    ),
    Row("mirrored.mp4", "mirrored by a front camera", _turned("0", "-display_hflip"), _P(corners="GRWB")),
    Row(
        "anamorphic.mp4",
        "pixels of 4:3",
        _made("wide.mp4", *BT709, filters="setsar=4/3"),
        _P(size=(422, 178)),
    ),
    Row(
        "odd-size.mkv",
        "an odd number of rows and columns",
        _made("odd.mkv", *BT709, size="321x181", pixels="yuv444p"),
        _P(size=(312, 176)),
    ),
    Row("wide.mp4", "2.39:1", _made("wide.mp4", *BT709, size="478x200"), _P(size=(478, 200))),
    Row("tall.mp4", "9:16", _made("tall.mp4", *BT709, size="180x320"), _P(size=(180, 320))),
    Row(
        "uneven.mkv",
        "a frame rate that varies (telephones)",
        _made(
            "uneven.mkv",
            *BT709,
            "-fps_mode",
            "vfr",
            rate="30",
            seconds=3,
            filters="select='not(eq(mod(n,7),3))*not(eq(mod(n,11),5))'",
        ),
        _P(rate=None, seconds=3),
    ),
    Row(
        "slow.mp4",
        "one frame a second",
        _made("slow.mp4", *BT709, rate="1", seconds=6),
        _P(rate=16, seconds=6),
    ),
    Row(
        "fast.mp4",
        "240 frames a second",
        _made("fast.mp4", *BT709, rate="240", seconds=1),
        _P(rate=60, seconds=1),
    ),
    Row(
        "fragmented.mp4",
        "fragmented MP4 without a length",
        _again("fragmented.mp4", "-movflags", "frag_keyframe+empty_moov"),
        _P(),
    ),
    Row(
        "unindexed.mkv",
        "live MKV: no length, no index",
        _again("live.mkv", "-f", "matroska", "-live", "1"),
        _P(),
    ),
    Row(
        "cut-in.mp4",
        "cut without encoding: an edit list hides its beginning",
        _again("cut.mp4", before=("-ss", "0.5")),
        _P(seconds=1.5),
    ),
    Row("silent.mp4", "no sound", _made("silent.mp4", *BT709, sounds=()), _P(sounds=0)),
    Row("late-sound.mkv", "sound begins a second after the picture", _late_sound, _P()),
    Row(
        "six.mkv",
        "5.1 sound (E-AC-3)",
        _made("six.mkv", *BT709, "-ac", "6", "-c:a", "eac3"),
        _P(),
    ),
    Row("wrong-name.txt", "a film that is called .txt", _made("wrong-name.txt", *BT709, "-f", "mp4"), _P()),
    Row(
        "everything.mkv",
        "two languages and a commentary, SRT and ASS inside, chapters, a font",
        _everything,
        _P(sounds=3, texts=2),
    ),
    Row("cover.mp4", "its cover comes before the film", _cover, _P()),
)
