"""What work reads that nothing declares: seen while it runs, looked at again before a hit."""
