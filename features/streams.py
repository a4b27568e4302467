"""The streams of the event log, by name: what kinds of things happen to an account."""

ACTIVITY, OUTREACH = "activity", "outreach"
PURCHASE, RETURN = "purchase", "return"
CASE_OPENED, CASE_RESPONDED, CASE_CLOSED = "case_opened", "case_responded", "case_closed"
CASE_ESCALATED, CASE_REOPENED, CASE_URGENT = "case_escalated", "case_reopened", "case_urgent"
INVITED, ANSWERED = "invited", "answered"
NPS, CSAT, CES, NEED, EMOTION = "nps", "csat", "ces", "need", "emotion"
SUBSCRIBED, UNSUBSCRIBED, END_REASON = "subscribed", "unsubscribed", "end_reason"
MRR_STARTED, MRR_ENDED = "mrr_started", "mrr_ended"
SEATS_STARTED, SEATS_ENDED, PRICE = "seats_started", "seats_ended", "price"
RENEWAL_MONTHS, AUTO_RENEW = "renewal_months", "auto_renew"
CONTACT_JOINED, CONTACT_LEFT, CONTACT_GONE = "contact_joined", "contact_left", "contact_gone"
INTERNAL_RATING, INTERVENTION = "internal_rating", "intervention"
# What an account is: its columns, their changes, its dates, and the accounts around it.
ACCOUNT, ACCOUNT_CHANGED, ACCOUNT_TIME = "account", "account_changed", "account_time"
CHILD, SIBLING = "child_account", "sibling_account"
# What the user's own snapshots say, and their label.
OBSERVED, LABEL = "observed", "label"

STREAMS = tuple(sorted(name for word, name in globals().items() if word.isupper()))
