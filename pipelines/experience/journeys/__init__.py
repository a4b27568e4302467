"""Which way accounts go.

visits               touchpoints in order, by the engine
journey_map          the map, loops kept
journey_differences  where segments differ
designed_journey, deviation_cost   desired against actual
seams                owners, and what is lost between them
touchpoint_lists     moments of truth, points of influence, pain points
journeys             all of these together
"""
