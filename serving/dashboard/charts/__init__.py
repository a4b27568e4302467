"""Pictures, each from the numbers that stand beside it to a figure of Plotly."""
