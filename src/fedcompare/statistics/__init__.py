"""How sure a comparison is: intervals, tests, corrections and credit, from paired answers.

Nothing here knows models or files: `differences[k, i]` is 1 where only the federated model
of seed k got test example i right, -1 where only the isolated one did, and 0 otherwise.
"""
