"""Why a source cannot become a package, in words for whoever handed it in: what is wrong, and what to do. Pure."""

import re
import signal

from catalog.media import launcher, sandbox
from catalog.media.errors import Refused, Stalled, ToolFailed
from catalog.media.sniff import Looks

REMEDY = "Choose the film itself: an MP4, MOV, MKV, WebM, AVI, MPEG or Ogg file."
NOT_A_FILM = {
    Looks.EMPTY: (
        "empty",
        "The file is empty (0 bytes). The upload or copy probably stopped early: send it again.",
    ),
    Looks.TEXT: ("not_a_film", f"This is a text file, not a film, whatever its name says. {REMEDY}"),
    Looks.PLAYLIST: (
        "playlist",
        "This is a playlist: a text that points to other files, with no film in it, and other files are not opened. "
        "Join them into one film first, then hand that in.",
    ),
    Looks.SUBTITLES: (
        "subtitles",
        f"This is a subtitle file, not a film. {REMEDY} Subtitles can be handed in with it.",
    ),
    Looks.PICTURE: (
        "picture",
        f"This is a picture, not a film. Pictures belong under artwork. {REMEDY}",
    ),
    Looks.ARCHIVE: ("archive", "This is an archive. Unpack it, then hand in the film inside."),
    Looks.DOCUMENT: ("document", f"This is a document, not a film. {REMEDY}"),
    Looks.PROGRAM: ("program", f"This is a program, not a film. {REMEDY}"),
}
UNKNOWN = f"No known kind of film was recognised in this file; it may be damaged or encrypted. {REMEDY}"
SOUND_ONLY = (
    "This file has sound but no picture. Films need a picture track; music cannot be added as a film."
)
#: What ffprobe says on stderr when it meets the bounds that `sandbox.guards` sets.
TOO_MANY_SIGN, TOO_LARGE_SIGN = "exceeds max_streams", "exceeds specified max pixel count"
_FOREIGN_SIGN = re.compile(r"Codec \(([\w.-]{1,40})\) not on whitelist")
#: How a program ends, and what it says, when the machine is to blame: killed (for want of memory), not started, or
#: without the disk that the file is on.
_MACHINE = {-signal.SIGKILL, 128 + signal.SIGKILL, -signal.SIGBUS, 128 + signal.SIGBUS, launcher.FAILED}
_MACHINE_SIGN = re.compile(r"Input/output error|Stale file handle|No such file or directory")
AGAIN = "Copy or download it again and hand in the whole file."
NO_INDEX = (
    "This film is cut off: its table of contents, which stands at the end, is missing. That happens when a download, a "
    f"copy or a recording stops early. {AGAIN}"
)

ENCRYPTED = "This film is encrypted (DRM). Only films without copy protection can be used."
UNKNOWN_CODEC = "The picture is coded in a way that is not known here. Convert the film to H.264 first."
UNDECODABLE = (
    "No picture comes out of this film: it is damaged, encrypted, or coded in a way that is not known here. "
    f"Convert it to H.264 with another program. {AGAIN}"
)
DOLBY = (
    "This film is Dolby Vision of profile 5, whose colours only Dolby's own screens understand. Export it as HDR10, "
    "HLG, or ordinary (SDR) video."
)
SHAPE = "The picture is more than five times as long as it is wide. Crop it to the shape of a screen first."


def clock(seconds: float) -> str:
    """A length for people: 0:07, 12:05 or 1:42:10."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def why(failed: ToolFailed, looks: Looks) -> Refused:
    """Turn ffprobe's last words into ours."""
    tail = failed.tail
    if "moov atom not found" in tail and looks is Looks.FILM:
        return Refused("truncated", NO_INDEX)
    if TOO_MANY_SIGN in tail:
        return too_many()
    if TOO_LARGE_SIGN in tail:
        return too_large()
    if foreign := _FOREIGN_SIGN.search(tail):
        return foreign_codec(foreign[1])
    if looks is Looks.SOUND:
        return Refused("sound_only", SOUND_ONLY)
    if looks is Looks.FILM:
        return Refused("damaged", f"This looks like a film, but it is too damaged to be read. {AGAIN}")
    return Refused("not_a_film", UNKNOWN)


def blamed_on_machine(refused: Refused) -> ToolFailed | None:
    """The failed program behind a refusal, when the machine may be to blame for it: bytes that took hours to send are
    not deleted for that."""
    failed = refused.__cause__
    return failed if isinstance(failed, ToolFailed) and is_machines(failed) else None


def is_machines(failed: ToolFailed) -> bool:
    """Whether the machine may be to blame, not the file: no memory, no process, a disk that is away or stands still."""
    told = failed.returncode in _MACHINE or _MACHINE_SIGN.search(failed.tail) is not None
    return told or isinstance(failed, Stalled)


def foreign_codec(name: str) -> Refused:
    """A track that only a rare decoder reads."""
    return Refused(
        "codec",
        f"A track of this file is coded as {name!r}, which is not opened here: rare decoders are where attackers "
        "get in. Convert the film to H.264 with AAC sound first, or export it without that track.",
    )


def foreign_sound(name: str) -> Refused:
    """No track of sound that can be decoded."""
    return Refused(
        "sound_codec",
        f"The sound of this film is coded in a way that is not known here ({name:.30}). Convert it to AAC first, or "
        "export the film without sound.",
    )


def stuck() -> Refused:
    """Reading does not end."""
    return Refused(
        "stuck", "Reading this file does not come to an end; it is damaged. Export or convert it again."
    )


def too_many() -> Refused:
    """More tracks than anybody needs."""
    most = sandbox.STREAMS_MAX
    return Refused(
        "too_many_streams",
        f"This file has more than {most} tracks. Export it with the tracks that viewers need.",
    )


def too_wordy() -> Refused:
    """Megabytes of names."""
    return Refused(
        "too_wordy",
        "The names of this file's tracks and chapters take more than 4 MB. Export it without them.",
    )


def too_large() -> Refused:
    """More pixels than are made or decoded."""
    return Refused(
        "too_large",
        "The picture is larger than 4096 x 2304 pixels. Export the film at 4K (3840 x 2160) or less.",
    )


def too_small(width: int, height: int) -> Refused:
    """A stamp."""
    return Refused(
        "too_small", f"The picture is only {width} x {height} pixels; at least 64 x 64 are needed."
    )


def too_short(seconds: float) -> Refused:
    """Nothing, or next to nothing, to show."""
    return Refused(
        "too_short",
        f"This film lasts {seconds:.1f} seconds; at least half a second is needed. It is empty or was cut off: "
        "export it again and hand in the whole film.",
    )


def too_long(seconds: float) -> Refused:
    """Longer than any film."""
    return Refused(
        "too_long", f"This film lasts {clock(seconds)}; at most 8 hours are possible. Cut it into parts."
    )


def too_dense() -> Refused:
    """More pictures than hours of the fastest film."""
    return Refused(
        "too_dense", f"This file has more pictures than 8 hours of any film. It may be damaged. {REMEDY}"
    )


def sparse(seconds: float, frames: int) -> Refused:
    """A few frames that claim hours."""
    return Refused(
        "sparse",
        f"This film claims to last {clock(seconds)} but has only {frames} frames. It is damaged, or made to exhaust a "
        "server. Export it again with an ordinary frame rate.",
    )


def cut_off(declared: float, found: float) -> Refused:
    """The data ends before the film does."""
    return Refused(
        "truncated",
        f"This film is cut off: it says it lasts {clock(declared)}, but its data ends after {clock(found)}. {AGAIN}",
    )
