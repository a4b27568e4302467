"""What we know about an account at a date."""
