"""What experience is worth.

revenue              what accounts paid at two dates, and the flows between
account_year         a year of each account: how it answered before, what came after
point_value          one point of NPS, by its four ways
own_and_prior        own data and what is known from elsewhere, with the weight shown
service_costs        cases that do not come
price_acceptance     how dear it may get
net_retention        net revenue retention, and of the year ahead
customer_equity      customers as an asset: opening, flows, closing
profit_sensitivity   one point of retention
word_of_mouth        a parameter, its sources, and what moves it
references, advocacy whom to ask, and whom never
revenue_at_risk      predicted, and within what it will lie
experience_return    go, test or no
money                all of these together
"""
