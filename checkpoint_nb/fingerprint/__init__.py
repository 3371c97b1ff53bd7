"""What makes two computations the same: code, values, keys."""
