"""The notebooks' own modules are no tests."""

collect_ignore = ["notebooks"]
