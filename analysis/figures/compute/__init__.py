"""Draws quality against compute: of a forward pass, of sampling, of training to a quality."""
