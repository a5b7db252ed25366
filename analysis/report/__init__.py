"""The report of a study, its figures, its bundle, and the check of a bundle."""

from analysis.report.page import CAPTIONS, Built, build, report_data, write_report

__all__ = ["CAPTIONS", "Built", "build", "report_data", "write_report"]
