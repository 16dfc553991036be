"""Tables as small data holders have them: few rows, few positives, many sites, people twice."""

import numpy as np

HOSPITALS = {"Cleveland": 400, "Budapest": 160, "Zürich": 22, "Long Beach": 3}


def four_hospitals(*, share: float = 0.13, seed: int = 3) -> dict[str, list]:
    """Return 585 rows of four hospitals of very unlike sizes, 13 % of them positive."""
    random = np.random.default_rng(seed)
    sites = [site for site, count in HOSPITALS.items() for _ in range(count)]
    count = len(sites)
    sick = np.zeros(count, dtype=int)
    sick[random.choice(count, round(share * count), replace=False)] = 1
    return {
        "hospital": sites,
        "age": np.round(55 + 9 * random.normal(size=count) + 7 * sick, 1).tolist(),
        "pressure": np.round(130 + 15 * random.normal(size=count) + 8 * sick).tolist(),
        "marker": np.round(random.normal(size=count) + 0.8 * sick, 3).tolist(),
        "sex": [("f", "m")[index] for index in random.integers(0, 2, count)],
        "smoker": [("no", "yes")[index] for index in random.integers(0, 2, count)],
        "disease": [("no", "yes")[index] for index in sick],
    }


def districts(count: int = 60, *, seed: int = 5) -> dict[str, list]:
    """Return rows of many districts, 8 to 30 of each, which all follow one rule."""
    random = np.random.default_rng(seed)
    sizes = random.integers(8, 31, count)
    sites = np.repeat(np.arange(count), sizes)
    rows = len(sites)
    inputs = random.normal(size=(rows, 6))
    score = inputs @ np.array([1.0, -0.8, 0.6, 0.5, -0.4, 0.3]) + random.logistic(size=rows) * 0.7
    return {
        "district": [f"district {site + 1}" for site in sites],
        **{f"x{number + 1}": np.round(inputs[:, number], 3).tolist() for number in range(6)},
        "outcome": [("good", "bad")[int(value > 0)] for value in score],
    }


def stays(*, seed: int = 7) -> dict[str, list]:
    """Return rows whose label is a number of days, of three sites of 90, 60 and 24 rows."""
    random = np.random.default_rng(seed)
    sites = np.repeat(["north", "south", "west"], [90, 60, 24])
    age, smoker = random.integers(18, 90, len(sites)), random.random(len(sites)) < 0.4
    days = 2 + 0.08 * age + 3 * smoker + random.normal(0, 1.0, len(sites))
    return {
        "site": sites.tolist(),
        "age": age.tolist(),
        "smoker": np.where(smoker, "yes", "no").tolist(),
        "stay": [f"{value:.2f}" for value in days],
    }


def visits(*, each: int = 4, seed: int = 9) -> dict[str, list]:
    """Return rows of 24, 17 and 7 people; those of a person are alike, and have one label."""
    random = np.random.default_rng(seed)
    clinic = np.repeat([0, 1, 2], [24, 17, 7])
    people = len(clinic)
    ill = random.random(people) < 0.4
    level = random.normal(size=people) + 1.2 * ill
    return {
        "person": np.repeat([f"P{number:03}" for number in range(people)], each).tolist(),
        "clinic": np.repeat(np.array(["east", "mid", "west"])[clinic], each).tolist(),
        "level": np.round(
            np.repeat(level, each) + random.normal(0, 0.2, people * each), 3
        ).tolist(),
        "noise": np.round(random.normal(size=people * each), 3).tolist(),
        "ill": np.repeat(np.where(ill, "yes", "no"), each).tolist(),
    }
