"""Critical values of a sum of two terms with degrees of freedom of their own."""

import math

from scipy import optimize, special


def combined_t(p_value: float, part: float, freedoms: tuple[float, float]) -> float:
    """Return Howe's two-sided critical value; `part` is the first term's part of the variance."""
    first, second = squared_t(p_value, freedoms)
    return math.sqrt(part * first + (1 - part) * second)


def squared_t(p_value: float, freedoms: tuple[float, float]) -> tuple[float, float]:
    """Return the square of Student's two-sided critical value, for each of the two."""
    first, second = (float(special.stdtrit(freedom, p_value / 2)) for freedom in freedoms)
    return first**2, second**2


def combined_p_value(statistic: float, part: float, freedoms: tuple[float, float]) -> float:
    """Return the two-sided p-value whose critical value is `statistic` >= 0, at least 1e-100."""

    def excess(log_p: float) -> float:
        return combined_t(math.exp(log_p), part, freedoms) - statistic

    smallest = math.log(1e-100)
    if excess(smallest) <= 0:
        return math.exp(smallest)
    return math.exp(float(optimize.brentq(excess, smallest, 0.0, xtol=1e-9)))


def equivalent_freedom(critical: float, p_value: float, freedoms: tuple[float, float]) -> float:
    """Return the degrees of freedom at which Student's t equals `critical`, or the nearer bound."""

    def excess(freedom: float) -> float:
        return -float(special.stdtrit(freedom, p_value / 2)) - critical

    low, high = min(freedoms), max(freedoms)
    if excess(low) <= 0:
        return low
    if excess(high) >= 0:
        return high
    return float(optimize.brentq(excess, low, high, xtol=1e-6))
