"""The services of the control plane, one a file."""
