"""Speed and quality, measured; results are committed with their date and machine."""
