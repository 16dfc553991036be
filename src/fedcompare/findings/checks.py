"""What was looked at, and whether it is as it should be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at, whether it is as it should be, and what was found or is to be done."""

    subject: str
    ok: bool
    finding: str

    def __str__(self) -> str:
        return f"{'ok   ' if self.ok else 'WRONG'} {self.subject}: {self.finding}"
