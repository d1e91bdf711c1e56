"""The test object (`cdn.testobject`) as something held: who takes it slowly costs no more than any other reader."""

import os
import zlib
from array import array
from functools import cache

from cdn import testobject
from cdn.edge.files import MemoryFile
from cdn.edge.held import Hit, Open
from cdn.edge.manifest import PackageIndex, RenditionIndex, Spec


@cache
def hit() -> Hit:
    """The object, in memory once for all who ask."""
    rendition = RenditionIndex(
        package="", name="test", index=0, kind="", offsets=array("Q"), lengths=array("Q"), digests=b"", init=None,
        playlist_offset=0, playlist_length=0, playlist_sha256=b"",
    )  # fmt: skip
    digest, content = bytes.fromhex(testobject.sha256()), testobject.content()
    spec = Spec(rendition, 0, "1m", 0, testobject.LENGTH, digest, testobject.CONTENT_TYPE)
    file = MemoryFile(testobject.LENGTH, lambda size: None)
    os.pwrite(file.fd, content, 0)
    found = Hit(spec, file, digest, zlib.crc32(content), Open(PackageIndex("", {})))
    found.probed = float("inf")  # no disk has it
    return found
