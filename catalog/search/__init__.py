"""How titles are found: text in the form that is compared, an index in memory, and the order of answers. All pure.

`text` says how words are compared, `slips` forgives typing, `vocabulary` finds the words that a typed one may mean,
`postings` which titles have them, `asking` puts these together, `ranking` looks closely at the best.
"""
