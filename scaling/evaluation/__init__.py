"""What is measured: samples drawn by a protocol, and torch-fidelity's figures over them."""
