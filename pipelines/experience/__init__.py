"""The customer-experience programme: what is experienced, by whom, and what it is worth.

found    a figure with its unit, interval, n and verdict
told     figures and maps, as releases keep them
known    tables as they were known before a date
monthly  what accounts paid and did a month
inputs   the frames that everything else here is computed from

clustered, regression          means and regressions whose errors count accounts
follow_up, hazards             accounts quarter by quarter, and what foretells leaving
adjusting, judged              columns to adjust for; an estimate as a figure with a verdict

voice/       what is experienced, by whom, and what their silence says
value/       what it is worth
journeys/    which way accounts go
engagement/  who is engaged, and what that holds
"""
