"""The report of a run: one HTML file that needs no network."""

from __future__ import annotations

from tickwright.report.page import render, write_report

__all__ = ["render", "write_report"]
