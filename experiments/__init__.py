"""Studies, one module per question; each defines STUDY."""
