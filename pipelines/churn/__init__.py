"""The churn model: what it learns, how well it does on accounts it has not seen, and why it says what it says.

Serving loads `model`, `encoder`, `calibration` and `reasons`, which need numpy and LightGBM only; everything else
belongs to training. That is why nothing is imported here.

encoder        named columns -> the numbers LightGBM sees
splits         who is held out: by account, or by time with a gap
boosting       LightGBM as it is used here
level_rates    categories with many levels as churn rates
shape, study, complexity    what trees may look like, trials of them on held-out rows, and which is chosen
calibration    log-odds that mean what they say
model          the trained model: log-odds, probabilities, contributions, files
population     what rows that were sampled by their label say of all rows
background     contributions measured against all rows, not against those sampled
training       rows -> model
business_rule, logistic, health_score    the baselines that a model has to beat
metrics, bootstrap          figures and their intervals
reliability, warning        whether probabilities mean what they say, and whether churners were seen coming
evaluation, verdict         model beside baselines on the same held-out rows, and the answer in words
reasons, wording            contributions -> sentences
"""
