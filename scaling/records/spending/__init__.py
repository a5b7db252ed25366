"""What was spent on a study, what was expected, and what may be spent? In GPU-hours and seconds."""
