"""The customer-experience programme: what is experienced, by whom, and what it is worth.

found    a figure with its unit, interval, n and verdict
known    tables as they were known before a date
monthly  what accounts paid and did a month
inputs   the frames that everything else here is computed from

What is experienced:

metrics, key_accounts          NPS, CSAT and CES, kinds of survey apart
invited, who_answers           everyone who was asked; corrected for who answers, or bounded
silent_mood, fatigue           whether the silent feel differently; asked too often
late_answers                   answers that age
normal_band                    what is normal, and alarms with a known rate of false ones
silence, slow_leak, coverage   who stopped, who thins out, what is not known
answered_cases, expectation    scores beside what came; what accounts are used to
moving_bar                     what was good last year
history, gap_risk              what of a history foretells leaving; which rule adds it up
roles, champions               users and buyers; whose exit is felt
perception, promises           thought inside, felt outside; kept, and felt to be kept
lexicon, emotions, fading      emotions in items and words, what they foretell, how long they last
reasons, asymmetry, topics     why they leave and stay, in their words and beside the model
programme                      all of these together

clustered, regression          means and regressions whose errors count accounts
follow_up, hazards             accounts quarter by quarter, and what foretells leaving

What it is worth:

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
reason_shares        service or product
money                all of these together

Which way accounts go:

visits               touchpoints in order, by the engine
journey_map          the map, loops kept
journey_differences  where segments differ
designed_journey, deviation_cost   desired against actual
seams                owners, and what is lost between them
touchpoint_lists     moments of truth, points of influence, pain points
journeys             all of these together

Who is engaged, and what that holds:

engagement, engagement_items, engagement_ledger   apart from service and from one's own effort
engaged_quarters, shocks, renewals                what was known before each quarter
robustness           retention under a standard shock
transport            from a panel to the field
hostages             held by contracts, and until when
rented_loyalty       held by incentives
health               fitted weights, and who looked healthy to the last
engaged              all of these together

adjusting, judged    columns to adjust for; an estimate as a figure with a verdict
"""
