"""Where work runs: interface, inline, process slots, others."""
