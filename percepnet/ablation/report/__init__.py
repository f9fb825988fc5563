"""The report: one page of what was run and what came out, with its tables and figures as files."""

from percepnet.ablation.report.write import write_report

__all__ = ["write_report"]
