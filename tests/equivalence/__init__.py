"""Runs notebooks plainly and with every cell checkpointed, and compares all that can be seen."""
