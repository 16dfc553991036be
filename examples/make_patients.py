"""Write patients.csv: 600 made-up hospital stays of 300 patients in four hospitals.

Who is readmitted follows from age, blood pressure, kidney function and smoking in the same way
everywhere; hospitals differ in size, in whom they treat, and in how they write what is missing.
"""

import csv
import datetime
import math
import random
from pathlib import Path

SEED = 7
# Name, share of the patients, mean age, share of smokers, what stands for a missing value.
HOSPITALS = (
    ("Riverside", 0.60, 58, 0.30, ""),
    ("St. Mary", 0.25, 66, 0.20, "NA"),
    ("Hill Clinic", 0.10, 49, 0.45, "?"),
    ("東京 General", 0.05, 71, 0.15, "-"),
)
COLUMNS = ("patient", "hospital", "admitted", "age", "sex", "smoker", "pressure", "egfr", "ward")
LABELS = ("stay", "readmitted")
FIRST_DAY = datetime.date(2024, 1, 1)


def main() -> None:
    """Write the file beside this one."""
    draw = random.Random(SEED)
    with Path(__file__).with_name("patients.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([*COLUMNS, *LABELS])
        for number in range(300):
            rows.writerows(stays(draw, f"P{number + 1:03}"))


def stays(draw: random.Random, patient: str) -> list[list[object]]:
    """Return one to three stays of a patient, always in the same hospital."""
    weights = [share for _, share, *_ in HOSPITALS]
    hospital, _, mean_age, smokers, missing = draw.choices(HOSPITALS, weights)[0]
    age, sex = round(draw.gauss(mean_age, 12)), draw.choice("fm")
    smoker, frailty = draw.random() < smokers, draw.gauss(0, 0.6)
    pressure, egfr = draw.gauss(118 + 0.35 * age, 13), draw.gauss(125 - 0.75 * age, 14)
    found = []
    for _ in range(draw.choice((1, 2, 3))):
        day = FIRST_DAY + datetime.timedelta(days=draw.randrange(600))
        seen = draw.gauss(pressure, 6)
        risk = 0.06 * (age - 60) + 0.04 * (seen - 139) - 0.05 * (egfr - 80) + 0.9 * smoker
        readmitted = draw.random() < 1 / (1 + math.exp(0.6 - risk - frailty))
        stay = max(1, round(6 + 0.9 * risk + 2 * frailty + draw.gauss(0, 1.5), 1))
        found.append(
            [
                *(patient, hospital, day, max(18, age), sex, ("no", "yes")[smoker]),
                *(f"{seen:.0f}", f"{egfr:.0f}" if draw.random() > 0.06 else missing),
                *(draw.choice(("cardiology", "general", "surgery")), stay),
                ("no", "yes")[readmitted],
            ]
        )
    return found


if __name__ == "__main__":
    main()
