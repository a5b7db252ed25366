"""Which networks turn images into features?"""
