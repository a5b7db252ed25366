"""What will a study take? Its price, its order, and who runs when on how many GPUs."""
