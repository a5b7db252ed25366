"""How far does a FID move by chance, and how many seeds and samples see through it?"""
