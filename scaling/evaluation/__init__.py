"""What is measured: samples drawn under a protocol, and the metrics over them."""
