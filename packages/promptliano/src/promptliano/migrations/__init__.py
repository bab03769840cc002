"""How did the tables become what they are? One file for each step, in `versions`."""
