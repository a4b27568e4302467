"""Who is engaged, and what that holds.

engagement, engagement_items, engagement_ledger   apart from service and from one's own effort
engaged_quarters, shocks, renewals                what was known before each quarter
robustness           retention under a standard shock
transport            from a panel to the field
hostages             held by contracts, and until when
rented_loyalty       held by incentives
health               fitted weights, and who looked healthy to the last
engaged              all of these together
"""
