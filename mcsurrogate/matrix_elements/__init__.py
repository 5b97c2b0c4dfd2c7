"""matrix_elements."""
