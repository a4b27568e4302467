"""Who is alike: three segmentations of the accounts, by what they are, by what they do and by what they need.

Serving loads `Segmentation` and asks for memberships; that part needs numpy only. Whatever learns (scikit-learn, scipy)
is imported inside the functions that fit.

segmentation      the result: segments, memberships, JSON
fitting           rows and features -> the three segmentations
basis             what each of the three reads, and how it learns (firmographic, behavioural, needs)
preparation       named columns -> numbers on one scale (number_column, category_column: one column of it)
learner           how a mixture is found (maximisation: its second step; kmeans: where it starts)
mixture           parameters -> membership probabilities (density, many_densities: how likely accounts are)
response_style    whether people answer high or low whatever is asked
choice            how many segments (stability: whether they come back; no_structure: what a single cloud would show)
naming            what sets a segment apart, in words
matching          which segment is which of the champion's, so that ids stay
portrait          what is told of segments: profile (trait), migration and drift, unanswered (inference, nonresponse)
comparison        which segmentation tells most
"""

from pipelines.segmentation.choice import Wish
from pipelines.segmentation.fitting import fit_segmentations
from pipelines.segmentation.segmentation import Segment, Segmentation

__all__ = ["Segment", "Segmentation", "Wish", "fit_segmentations"]
