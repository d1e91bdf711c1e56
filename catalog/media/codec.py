"""Codec strings as RFC 6381 and the codecs' file format specifications write them. Pure: a configuration in, text out.

Players ask their platform about exactly these strings before they fetch anything: a wrong digit costs a rung.
"""

from collections.abc import Iterator

#: Sequence header of an AV1 stream (AV1 specification, 6.2.2).
_SEQUENCE_HEADER = 1
#: What an AV1 codec string means when it stops after the bit depth: 4:2:0 of unknown siting, BT.709, limited range.
_AV1_USUAL = "0.110.01.01.01.0"


class BadBoxes(ValueError):
    """These bytes are not the fragmented MP4 that we make."""


def avc(entry: str, config: bytes) -> str:
    """H.264, from an `avcC`: `avc1.640028`."""
    profile, compatible, level = config[1:4]
    return f"{entry}.{profile:02x}{compatible:02x}{level:02x}"


def hevc(entry: str, config: bytes) -> str:
    """HEVC, from an `hvcC` (ISO/IEC 14496-15, annex E): `hvc1.1.6.L120.90`."""
    space, tier, profile = config[1] >> 6, config[1] >> 5 & 1, config[1] & 31
    compatible = int(f"{int.from_bytes(config[2:6]):032b}"[::-1], 2)
    constraints = config[6:12].rstrip(b"\0")
    parts = [entry, ["", "A", "B", "C"][space] + str(profile), f"{compatible:X}"]
    parts.append(f"{'H' if tier else 'L'}{config[12]}")
    return ".".join(parts + [f"{byte:X}" for byte in constraints])


def av1(entry: str, config: bytes) -> str:
    """AV1, from an `av1C` (AV1 in ISOBMFF, 5): `av01.0.08M.08`, longer when its colours are not the usual ones."""
    profile, level = config[1] >> 5, config[1] & 31
    tier = "H" if config[2] >> 7 else "M"
    high, twelve, grey = (config[2] >> bit & 1 for bit in (6, 5, 4))
    depth = (12 if twelve else 10) if high else 8
    sub_x, sub_y, siting = config[2] >> 3 & 1, config[2] >> 2 & 1, config[2] & 3
    chroma = f"{sub_x}{sub_y}{siting if sub_x and sub_y else 0}"
    primaries, transfer, matrix, full = _av1_colours(config[4:], profile)
    rest = f"{grey}.{chroma}.{primaries:02}.{transfer:02}.{matrix:02}.{full}"
    short = f"{entry}.{profile}.{level:02}{tier}.{depth:02}"
    return short if rest == _AV1_USUAL else f"{short}.{rest}"


class _Bits:
    """Reads a byte string bit by bit, the highest first."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> int:
        """The next `count` bits as a number."""
        value = 0
        for _ in range(count):
            if self._at >= len(self._data) * 8:
                raise BadBoxes("a sequence header is cut off")
            value = value << 1 | self._data[self._at >> 3] >> 7 - (self._at & 7) & 1
            self._at += 1
        return value

    def variable(self) -> int:
        """A number in the specification's variable length code (uvlc)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros >= 32:
                return (1 << 32) - 1
        return self.take(zeros) + (1 << zeros) - 1


def _av1_colours(obus: bytes, profile: int) -> tuple[int, int, int, int]:
    """Primaries, transfer, matrix (as numbered by ISO/IEC 23091-2) and 1 for full range; BT.709 when unsaid.

    Unspecified (2) is what the string must then say too, for it is not what leaving it out would mean.
    """
    for kind, payload in _obus(obus):
        if kind == _SEQUENCE_HEADER:
            return _colour_config(_Bits(payload), profile)
    return 1, 1, 1, 0


def _obus(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        first = data[position]
        position += 2 if first & 4 else 1
        size = len(data) - position
        if first & 2:
            size = shift = 0
            while True:
                if position >= len(data) or shift > 28:
                    raise BadBoxes("a sequence header is cut off")
                byte, position = data[position], position + 1
                size |= (byte & 0x7F) << shift
                shift += 7
                if not byte & 0x80:
                    break
        yield first >> 3 & 15, data[position : position + size]
        position += size


def _colour_config(bits: _Bits, profile: int) -> tuple[int, int, int, int]:
    """Walk a sequence header (AV1 specification, 5.5.1) to its colours (5.5.2)."""
    bits.take(3 + 1)
    reduced = bits.take(1)
    if reduced:
        bits.take(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    bits.take(width_bits + height_bits)
    if not reduced and bits.take(1):
        bits.take(4 + 3)
    bits.take(3)
    if not reduced:
        _skip_tools(bits)
    bits.take(3)
    high = bits.take(1)
    if profile == 2 and high:
        bits.take(1)
    grey = 0 if profile == 1 else bits.take(1)
    primaries, transfer, matrix = (bits.take(8), bits.take(8), bits.take(8)) if bits.take(1) else (2, 2, 2)
    if not grey and (primaries, transfer, matrix) == (1, 13, 0):  # sRGB is always full range
        return primaries, transfer, matrix, 1
    return primaries, transfer, matrix, bits.take(1)


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = decoder_model = 0
    if bits.take(1):  # timing_info
        bits.take(32 + 32)
        if bits.take(1):
            bits.variable()
        decoder_model = bits.take(1)
        if decoder_model:
            delay_bits = bits.take(5) + 1
            bits.take(32 + 5 + 5)
    initial_delay = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if decoder_model and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if initial_delay and bits.take(1):
            bits.take(4)


def _skip_tools(bits: _Bits) -> None:
    bits.take(4)  # interintra, masked, warped, dual filter
    order_hint = bits.take(1)
    if order_hint:
        bits.take(2)
    screen = 2 if bits.take(1) else bits.take(1)
    if screen and not bits.take(1):
        bits.take(1)
    if order_hint:
        bits.take(3)


def audio_object(esds: bytes) -> int:
    """The MPEG-4 audio object type (2 is AAC-LC) from an elementary stream descriptor."""
    position = 0
    while position + 2 <= len(esds):
        tag, position = esds[position], position + 1
        length = 0
        for _ in range(4):
            byte, position = esds[position], position + 1
            length = length << 7 | byte & 0x7F
            if not byte & 0x80:
                break
        if tag == 3:  # ES descriptor: id, flags; go inside
            position += 3
        elif tag == 4:  # decoder configuration: object type, stream type, buffer, two bit rates; go inside
            position += 13
        elif tag == 5 and length:
            kind = esds[position] >> 3
            return kind if kind != 31 else 32 + ((esds[position] & 7) << 3 | esds[position + 1] >> 5)
        else:
            position += length
    raise BadBoxes("a sound track that does not say how it is coded")
