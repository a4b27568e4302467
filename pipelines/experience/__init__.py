"""The customer-experience programme: what is experienced, by whom, and what it is worth.

found    a figure with its unit, interval, n and verdict
"""
