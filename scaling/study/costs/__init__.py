"""What does a network cost? Layers, their MACs and memory, and what was printed of them."""
