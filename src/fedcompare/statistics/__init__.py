"""How sure a comparison is: intervals, tests, corrections and credit, from paired answers.

Nothing here knows models or files: `differences[k, i]` says by how much the federated model of
seed k answers test example i better than the isolated one. Of right and wrong answers it is 1
where only the federated model is right, -1 where only the isolated one is, and 0 otherwise.
"""
