"""How many multiply-accumulates does a network do? fvcore's count, and the table of it."""
