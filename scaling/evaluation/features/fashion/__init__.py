"""Which networks turn clothes of 28 pixels into features? Two unlike classifiers."""
