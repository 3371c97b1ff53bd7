"""Why: what changed, and which lines of it; what a result was matched on."""
