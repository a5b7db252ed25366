"""Can an image or a clip be cut into patches, and does a transformer hold as many tokens?"""

MOST_TOKENS = 2**18  # what a table of positions and a trace still hold


def patch_faults(patch: int, input_size: int, input_width: int | None = None) -> list[str]:
    """What is wrong with patches of ``patch`` pixels a side, if anything.

    ``input_width`` is the pixels per row where they are not ``input_size`` too.
    """
    faults = [
        f"patch {patch} does not divide the {what} {pixels}; divisors: {_divisors(pixels)}"
        for what, pixels in (("input size", input_size), ("input width", input_width))
        if pixels is not None and pixels % patch
    ]
    width = input_size if input_width is None else input_width
    tokens = (input_size // patch) * (width // patch)
    size = f"{input_size}" if input_width is None else f"{input_size}x{input_width}"
    return faults or token_faults(f"patch {patch} of input size {size}", tokens)


def frame_faults(frames: int, patch_t: int) -> list[str]:
    """What is wrong with patches of ``patch_t`` frames, if anything."""
    if frames % patch_t:
        return [
            f"patch_t {patch_t} does not divide the {frames} frames; divisors: {_divisors(frames)}"
        ]
    return []


def token_faults(what: str, tokens: int) -> list[str]:
    """What is wrong with so many tokens, if anything; ``what`` makes them, in words."""
    if tokens <= MOST_TOKENS:
        return []
    return [f"{what} makes {tokens} tokens, more than {MOST_TOKENS}; choose a larger patch"]


def _divisors(number: int) -> list[int]:
    return [p for p in range(1, number + 1) if number % p == 0]
