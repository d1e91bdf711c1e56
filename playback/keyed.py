"""A node's media playlist made fit for players that know nothing of our loader. Pure: text in, text out.

Nodes' playlists name the key `key.bin` beside themselves, where there is none: keys are not on nodes. A stock player
gets the playlist from the site instead, with the session's own address of the key, and absolute addresses of segments.
"""

import re

_URI = re.compile(r'URI="([^"]*)"')
KEY_NAME = "key.bin"


def absolute(playlist: str, *, base: str, key_url: str) -> str:
    """The playlist with absolute addresses: `base` (with a slash at its end) before media, `key_url` for the key."""

    def lead(match: re.Match[str]) -> str:
        return f'URI="{key_url if match[1] == KEY_NAME else base + match[1]}"'

    lines = []
    for line in playlist.splitlines():
        if line.startswith("#"):
            lines.append(_URI.sub(lead, line))
        elif line:
            lines.append(base + line)
    return "\n".join(lines) + "\n"
