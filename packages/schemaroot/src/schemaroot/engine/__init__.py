"""What runs it: drivers, connections, compiled statements, decoders, transactions."""
