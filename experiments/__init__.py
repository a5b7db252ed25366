"""Studies, one Python module per question; each defines STUDY."""
