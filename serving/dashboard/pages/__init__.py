"""One page a file: from a board to blocks."""
