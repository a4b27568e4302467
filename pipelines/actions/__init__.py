"""Whom to help, with what, and whether it worked.

settings, presets   what `[actions]` in the settings may say: the catalogue, its rules, and ready-made catalogues
rows, logged        assignments as rows: what was known of an account, whether it was helped, whether it stayed
scores, uplift      doubly robust scores, and what an action does to each account, with its interval
judged              whether that holds: deciles, Qini, area under the uplift curve, policy value, from honest folds
learn               all kinds of action: learnt, refused, or assumed
facts, eligible     what is known of accounts today; which of them may be given which action
worth, offers       what saving an account is worth; every allowed action with what it is expected to bring
choose, exact, many the choice under budget and capacity: by mixed-integer programming, or by prices with a proven gap
suggest             suggestions, each with why, the driver it works on, and its grade of evidence; whom not to disturb
power, assign       how many accounts an experiment needs; who is helped, by lot, reproducibly and in balance
ledger, readout     what was planned, assigned and read, in a file that only grows; reading at any time without harm
loop, recurrence    feedback, acknowledged, fixed, told, measured again; whether its root causes come back
growth, asks        who may grow, and who may be asked to recommend, when nothing hurts
playbooks           what is to be done when something happens, by whom, until when, once
"""
