"""Phrases that several kinds of sentences share."""

from fedcompare.names import Word

THERE = {
    Word.NO_DIFFERENCE: "there is no relevant difference",
    Word.NO_EVIDENCE: "there is no evidence either way",
    Word.NO_WORD: "there are numbers only",
}
"""What is said where nobody gains or loses."""
