"""What is experienced, by whom, and what their silence says.

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
reasons, attributed            why they leave and stay, in their words and beside the model
asymmetry, topics              what hurts against what pleases; what comments are about
programme                      all of these together
"""
