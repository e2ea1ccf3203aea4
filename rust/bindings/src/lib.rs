//! Conversions between the core and Python.
