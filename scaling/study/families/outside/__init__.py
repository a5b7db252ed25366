"""How does a network from a study's own file travel? With its source, into records and workers."""
