"""Posteriors under other priors, from draws there are: densities, smoothing, pools, errors, a gate.

Plain arrays in, plain arrays out; ``js/src/weights`` holds the same nouns. Draws stand in one
order everywhere: fit after fit of the pool, chain after chain.
"""
