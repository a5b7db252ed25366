"""Which clips can be learned from? Digits that move, and a folder of frames or video files."""
