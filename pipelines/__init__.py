"""What we learn from it: segments, churn, and the release."""
