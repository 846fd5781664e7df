"""How much of a file is looked at: all input is hostile, so one of these bounds every loop and every copy."""

MAX_TEXT_BYTES = 1 << 20  # of one text, after decompression; what lies beyond is left unread and said to be
MAX_TOTAL_TEXT_BYTES = 8 << 20  # of all texts of one file together
MATCH_CHARACTERS = 64 << 10  # marks are looked for in this much of one text (generators write theirs at the front)
MAX_CHUNKS = 100_000  # PNG chunks, JPEG segments, RIFF chunks, GIF blocks, BMFF boxes
MAX_ENTRIES = 2_000  # named values of one file
MAX_IFDS = 32
MAX_IFD_TAGS = 512  # of one IFD
MAX_MANIFEST_BYTES = 32 << 20  # of a C2PA manifest store, thumbnails and all
MAX_INGREDIENTS = 200  # manifests visited in one chain
MAX_XMP_DEPTH = 32
SHOWN_CHARACTERS = 500  # of any value that leaves this room
