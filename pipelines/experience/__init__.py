"""The customer-experience programme: what is experienced, by whom, and what it is worth.

found    a figure with its unit, interval, n and verdict
known    tables as they were known before a date
monthly  what accounts paid and did a month
inputs   the frames that everything else here is computed from
"""
