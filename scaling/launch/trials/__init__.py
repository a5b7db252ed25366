"""What is one trial? Training and measuring in one process, and what both write down."""
