"""Where trials run: preflight, the trial itself, and Ray. The only room that imports ray."""
