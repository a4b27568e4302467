"""Which experiences cause churn: effects by a declared causal order, with their checks, refusals and words.

driver          an experience, its bad and its good level, and which of them there are
causal_order    tiers, steps and edges -> what an effect is adjusted for
rows            the panel at quarter starts -> an account beside itself a quarter before
covariates, adjustment      what is adjusted for, as numbers; which of it
nuisance        the chance of the experience, and of churn without it
effect          the effect on those who had it bad, clustered by account
overlap         whether there is anybody to compare with
groups          by segment and engagement; robustness
shape           thirds, penalty and reward
second_opinion, placebo, sensitivity     what an effect has to stand
estimate, closer            the first look at a driver, and the closer one
find            all drivers, false discoveries controlled
bound, moments, importance  what is the company's to move; where it happens; beside SHAP
finding, wording            figures, verdicts, sentences
plain           the same as plain objects, for whoever only reads them
whatif          churners and revenue saved by a better experience; whatif_levels: at a few levels, kept for whoever asks
"""
