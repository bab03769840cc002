"""How fast is it? Our operations beside hand-written code and other libraries, on the same files."""
