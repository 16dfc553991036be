"""Write a made-up table of patients: 20 columns of all kinds, as hospitals have them.

Usage: hospital_table.py FILE ROWS

`write_four_hospitals` makes a small one, of which one case in eight is positive.
"""

import sys

import numpy as np
import pandas as pd


def write_table(path: str, rows: int) -> None:
    """Write a CSV file of so many rows."""
    random = np.random.default_rng(0)

    def words(*names: str) -> object:
        return np.array(names)[random.integers(0, len(names), rows)]

    columns = {"hospital": words(*(f"site {number}" for number in range(12)))}
    columns |= {f"marker-{n}": random.normal(size=rows).round(6) for n in range(6)}
    columns |= {f"pressure-{n}": random.normal(50, 12, rows).round(1) for n in range(4)}
    columns |= {f"count-{n}": random.integers(0, 1000, rows) for n in range(3)}
    columns["colour"] = words("red", "green", "blue", "violet")
    columns["ward"] = words(*(f"ward {number}" for number in range(40)))
    columns["admitted"] = np.datetime64("2015-01-01") + random.integers(0, 3000, rows)
    columns["smoker"] = words("yes", "no")
    columns["oxygen"] = np.where(
        random.random(rows) < 0.05, np.nan, random.normal(size=rows)
    ).round(3)
    columns["outcome"] = words("alive", "alive", "dead")
    pd.DataFrame(columns).to_csv(path, index=False)


def write_four_hospitals(path: str) -> None:
    """Write a CSV file of 600 rows, of hospitals of 415, 160, 22 and 3 rows."""
    random = np.random.default_rng(0)
    hospital = np.repeat(["north", "south", "east", "west"], [415, 160, 22, 3])
    markers = random.normal(size=(len(hospital), 12)).round(4)
    risk = markers[:, :4] @ [0.8, -0.6, 0.5, 0.4] + 0.3 * (hospital == "south") - 2.4
    columns = {f"marker-{number}": values for number, values in enumerate(markers.T)}
    columns["ward"] = random.choice(["A", "B", "C"], len(hospital))
    columns["smoker"] = random.choice(["yes", "no"], len(hospital))
    columns["hospital"] = hospital
    ill = random.random(len(hospital)) < 1 / (1 + np.exp(-risk))
    columns["readmitted"] = np.where(ill, "yes", "no")
    pd.DataFrame(columns).sample(frac=1, random_state=0).to_csv(path, index=False)


if __name__ == "__main__":
    write_table(sys.argv[1], int(sys.argv[2]))
