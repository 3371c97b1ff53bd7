"""Where results are kept: interface, disk, entry format."""
