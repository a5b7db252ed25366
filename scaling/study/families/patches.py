"""Can an image be cut into patches of a side, and does a transformer hold as many tokens?"""

MOST_TOKENS = 2**18  # what a table of positions and a trace still hold


def patch_faults(patch: int, input_size: int) -> list[str]:
    """What is wrong with patches of ``patch`` pixels a side, if anything."""
    if input_size % patch:
        divisors = [p for p in range(1, input_size + 1) if input_size % p == 0]
        return [f"patch {patch} does not divide the input size {input_size}; divisors: {divisors}"]
    return token_faults(f"patch {patch} of input size {input_size}", (input_size // patch) ** 2)


def token_faults(what: str, tokens: int) -> list[str]:
    if tokens <= MOST_TOKENS:
        return []
    return [f"{what} makes {tokens} tokens, more than {MOST_TOKENS}; choose a larger patch"]
