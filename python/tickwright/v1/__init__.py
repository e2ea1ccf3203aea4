"""Generated messages and stubs of the control plane; ``make proto`` writes them from proto/tickwright/v1."""
