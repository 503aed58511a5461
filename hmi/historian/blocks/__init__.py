"""The blocks that archives keep: versioned, self-checking, and readable for ever (format 1).

Every decoder raises ``BlockDamaged`` where the CRC or the content is wrong; none gives a value that was not written.
"""

from __future__ import annotations

from hmi.historian.blocks._chunk import decode_chunk, decode_columns, encode_chunk
from hmi.historian.blocks._clock import decode_clock, encode_clock
from hmi.historian.blocks._frame import MOST_BYTES, MOST_ROWS, BlockDamaged, BlockTooLarge
from hmi.historian.blocks._last import LastOnes
from hmi.historian.blocks._rollups import decode_rollups, encode_rollups
from hmi.historian.blocks._scan import decode_keyframe, decode_scan, encode_keyframe, encode_scan

__all__ = [
    "MOST_BYTES",
    "MOST_ROWS",
    "BlockDamaged",
    "BlockTooLarge",
    "LastOnes",
    "decode_chunk",
    "decode_clock",
    "decode_columns",
    "decode_keyframe",
    "decode_rollups",
    "decode_scan",
    "encode_chunk",
    "encode_clock",
    "encode_keyframe",
    "encode_rollups",
    "encode_scan",
]
