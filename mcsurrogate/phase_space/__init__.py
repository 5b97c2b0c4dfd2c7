"""phase_space."""
