"""Which images are measured, and with what are they compared? Files, arrays and references."""
