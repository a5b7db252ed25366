"""Builds the report of a study, its figures and its bundle, and verifies a bundle."""

from analysis.report.page import CAPTIONS, Built, build, report_data, write_report

__all__ = ["CAPTIONS", "Built", "build", "report_data", "write_report"]
