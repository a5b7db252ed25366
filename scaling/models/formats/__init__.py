"""In which formats do others keep weights? Conversions both ways."""
