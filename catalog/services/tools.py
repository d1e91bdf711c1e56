"""What may be asked about the programs beneath."""

from catalog.media import tools
from catalog.media.errors import ToolMissing


def encoder_trouble() -> str:
    """Why films cannot be encoded on this machine, in words; '' when they can. Takes about half a second."""
    try:
        found = tools.self_test()
    except (ToolMissing, OSError) as error:
        return str(error)
    if found.missing:
        return f"{found.ffmpeg.path} lacks {', '.join(found.missing)}."
    return "" if found.encodes else f"{found.ffmpeg.path} could not encode half a second of film."
