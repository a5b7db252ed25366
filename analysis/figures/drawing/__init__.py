"""What do all figures share? Their style, panels, marks, and the data that they show."""
