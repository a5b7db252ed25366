"""What is a DiT, which were published, how are they named, and of which layers are they made?"""
