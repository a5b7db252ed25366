"""Which small classifiers turn grey images into features? Two unlike ones for each data set."""
