"""What does Ray run? Jobs, the tasks that carry them out, and who watches them."""
