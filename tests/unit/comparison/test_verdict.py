"""The verdict's sentences say what the gains say, whatever these are."""

import itertools
import math
import re
from dataclasses import replace

import pytest

from fedcompare.comparison.forms import find_decisions
from fedcompare.comparison.references import told_no_reason
from fedcompare.comparison.verdict import RIGHT_ANSWERS, find_verdicts, summarise
from fedcompare.comparison.voice import RightAnswers
from fedcompare.findings.consortium import Consortium
from fedcompare.findings.forms import FormCost, FormGain, Forms
from fedcompare.findings.gains import Gain, SeedGain, Unasked
from fedcompare.findings.questions import QUESTIONS, Question
from fedcompare.findings.references import ReferenceGain
from fedcompare.findings.scores import Score, SiloFacts
from fedcompare.findings.test_sets import ALL, own, unseen
from fedcompare.findings.training import FailedSeed, TrainingFacts
from fedcompare.names import Lack, Word
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId

SIZE = {
    Word.GAINS: 0.05,
    Word.LOSES: -0.05,
    Word.NO_DIFFERENCE: 0.002,
    Word.NO_EVIDENCE: 0.001,
    Word.NO_WORD: 0.003,
}
USUAL = (Word.GAINS, Word.LOSES, Word.NO_EVIDENCE)
NAMED = {
    Question.OWN: "its own cases",
    Question.WHOLE: "the whole population",
    Question.UNSEEN: "cases of classes it never saw",
    Question.OTHERS: "the other silos' cases",
}
FACTS = SiloFacts(silo=1, label_counts=(5.0, 5.0, 0.0), seen=("cat", "dog"), unseen=("hen",))
COMPLETE = SiloFacts(silo=1, label_counts=(5.0,) * 3, seen=("cat", "dog", "hen"), unseen=())


def score(model, test_set, mean):
    """Return an accuracy that is the same in every seed."""
    return Score(
        model=model.key,
        test_set=test_set.key,
        measure="accuracy",
        mean=mean,
        lowest=mean,
        highest=mean,
    )


SCORES = [
    score(ModelId(Regime.FEDERATED), ALL, 0.951),
    score(ModelId(Regime.ENSEMBLE), ALL, 0.842),
    score(ModelId(Regime.AVERAGE), ALL, 0.733),
    score(ModelId(Regime.FINE_TUNED, 1), own(1), 0.971),
    score(ModelId(Regime.FINE_TUNED, 1), unseen(1), 0.624),
]
COMBINATIONS = [
    dict(zip((Question.OWN, Question.WHOLE), words, strict=True))
    for words in itertools.product(SIZE, repeat=2)
] + [
    dict(zip((Question.OWN, Question.WHOLE, other), words, strict=True))
    for other in (Question.UNSEEN, Question.OTHERS)
    for words in itertools.product(USUAL, repeat=3)
]


def gain(question, word, *, silo=1, **changes):
    """Return a gain that has this word, and a size that agrees with it."""
    size = changes.pop("gain", SIZE[word])
    fields = {
        "silo": silo,
        "question": question,
        "num_examples": 100,
        "isolated_equal": 0.9,
        "federated": 0.9 + size,
        "centralized": 0.96,
        "gain": size,
        "low": size - 0.02,
        "high": size + 0.02,
        "standard_error": 0.01,
        "degrees_of_freedom": 4.0,
        "p_value": 0.012345,
        "adjusted_p_value": 0.034567,
        "word": word,
        "detectable": 0.031,
        "unequal_gain": size + 0.01,
        "budget_part": 0.01,
        "unseen_part": 0.0,
        "seen_part": size,
        "gap_closed": None,
        "seeds": (),
        "lack": Lack.SEEDS if word is Word.NO_WORD else None,
    }
    return Gain(**fields | changes)


def form_gain(question, word, *, regime=Regime.FEDERATED, silo=1, best=True, **changes):
    """Return what a form gives on a question; it is as good as the best one."""
    size = SIZE[word]
    fields = {
        "silo": silo,
        "question": question,
        "regime": regime,
        "value": 0.9 + size,
        "gain": size,
        "low": size - 0.02,
        "high": size + 0.02,
        "confidence": 0.95,
        "adjusted_p_value": 0.034567,
        "word": word,
        "beyond_margin": False,
        "within_margin": False,
        "behind": 0.0,
        "is_best": best,
        "as_good": True,
    }
    return FormGain(**fields | changes)


def forms_of(gains):
    """Return all forms of gains that are every silo's."""
    costs = [
        FormCost(regime=r, exchanges=n, bytes_up=1.0, bytes_down=1.0, epochs=30)
        for r, n in ((Regime.FEDERATED, 3), (Regime.ENSEMBLE, 1))
    ]
    silos = dict.fromkeys(item.silo for item in gains)
    return Forms(gains=tuple(gains), costs=tuple(costs), decisions=find_decisions(gains, silos))


def federated(gains):
    """Return the forms where the federated model is the only one."""
    return forms_of(
        [form_gain(g.question, g.word, silo=g.silo, within_margin=g.within_margin) for g in gains]
    )


def find(gains, facts, scores=SCORES, *, forms=None, **options):
    """Return the verdicts; the federated model is the only form where none are given."""
    return find_verdicts(gains, facts, scores, forms=forms or federated(gains), **options)


def verdict(words, *, scores=SCORES, **changes):
    """Return the verdict of a silo with these words; `changes` are those of a question's gain."""
    gains = [gain(q, word, **changes.get(q.name, {})) for q, word in words.items()]
    facts = FACTS if Question.UNSEEN in words else COMPLETE
    (found,) = find(gains, [facts], scores, voice=RightAnswers(margin=0.01))
    return found


def summary(words_of_silos, **changes):
    gains = [
        gain(question, word, silo=silo)
        for silo, words in enumerate(words_of_silos, start=1)
        for question, word in words.items()
    ]
    counts = {"num_silos": len(words_of_silos), "num_seeds": 5, "epochs": 30} | changes
    return summarise(gains, SCORES, **counts)


def plain(text):
    """Return a text with every space an ordinary one."""
    return " ".join(text.split())


def everything(found):
    return plain(" ".join((found.headline, *found.sentences)))


def sentence(found, question):
    """Return the sentence on a question."""
    texts = map(plain, found.sentences)
    return next(text for text in texts if text.startswith(f"On {NAMED[question]}"))


@pytest.mark.parametrize("words", COMBINATIONS)
def test_the_headline_says_each_questions_word(words):
    headline = verdict(words).headline
    assert headline.startswith(("Silo 1 ", "For silo 1, "))
    parts = headline.rstrip(".").split("; ")
    assert len(parts) == len(set(words.values()))
    for question, word in words.items():
        (part,) = [text for text in parts if f"on {NAMED[question]}" in text]
        assert word.value in part


@pytest.mark.parametrize("words", COMBINATIONS)
def test_a_sentence_on_each_question_says_its_word(words):
    found = verdict(words)
    for question, word in words.items():
        text = sentence(found, question)
        assert word.value in text
        assert not any(other.value in text for other in Word if other is not word)
        assert "95 % interval" in text
        assert ("within the margin of 1 point" in text) == (word is Word.NO_DIFFERENCE)
        assert ("Two seeds cannot carry a verdict" in text) == (word is Word.NO_WORD)
        assert ("would probably have been found" in text) == (word is Word.NO_EVIDENCE)


@pytest.mark.parametrize("words", COMBINATIONS)
def test_advice_comes_last_and_follows_from_the_words(words):
    *others, advice = verdict(words).sentences
    assert not any(text.startswith("Advice") for text in others)
    gains, loses = Word.GAINS in words.values(), Word.LOSES in words.values()
    expected = {
        (True, False): "with the federated model: it is the best supported form on",
        (True, True): "its own model serves it better than the federated model",
        (False, True): "do not use the federated model",
        (False, False): "",
    }
    assert advice.startswith("Advice: ")
    assert expected[gains, loses] in advice
    assert advice.startswith("Advice: join") == gains
    if not gains and not loses:
        said = {
            frozenset({Word.NO_WORD}): "numbers without a word carry no decision",
            frozenset({Word.NO_DIFFERENCE}): "no form makes a relevant difference",
        }
        usual = "gives no reason to join, and none against it"
        assert said.get(frozenset(words.values()), usual) in advice


def test_a_gain_that_does_not_outlast_the_choice_of_a_form_is_told_in_the_advice():
    gains = [gain(Question.WHOLE, Word.GAINS), gain(Question.OWN, Word.NO_EVIDENCE)]
    unsure = [gain(own.question, Word.NO_EVIDENCE) for own in gains]
    (found,) = find(gains, [COMPLETE], forms=federated(unsure))
    assert "corrected for choosing among several forms, no form surely does" in found.sentences[-1]


@pytest.mark.parametrize("words", COMBINATIONS)
def test_the_classes_are_named_only_where_they_are_gained(words):
    text = everything(verdict(words))
    gained = words.get(Question.UNSEEN) is Word.GAINS
    assert gained or "join if it will meet" not in text
    assert gained or "this gain is exactly those classes" not in text


@pytest.mark.parametrize("words", COMBINATIONS)
def test_no_sentence_has_a_bare_p_value_or_a_missing_number(words):
    for scores in (SCORES, SCORES[:-1], SCORES[:3]):
        text = everything(verdict(words, scores=scores))
        lowered = text.lower()
        for unwanted in ("p =", "p <", "p-value", "0.0123", "0.034", "nan", "None", "inf"):
            assert unwanted not in (text if unwanted == "None" else lowered)


@pytest.mark.parametrize("words", COMBINATIONS)
def test_every_text_is_whole_sentences(words):
    found = verdict(words)
    for text in (found.headline, *found.sentences):
        assert text[0].isupper()
        assert text.endswith(".")


def test_a_model_that_cannot_name_unseen_classes_gains_exactly_those():
    words = {
        Question.OWN: Word.NO_EVIDENCE,
        Question.WHOLE: Word.GAINS,
        Question.UNSEEN: Word.GAINS,
    }
    numbers = {"gain": 0.9, "isolated_equal": 0.0, "federated": 0.9, "unseen_part": 0.9}
    text = everything(verdict(words, UNSEEN=numbers))
    assert "its own model gets 0.0 % right" in text
    assert "no training example of hen" in text
    assert "this gain is exactly those classes" in text
    assert "exactly those classes" not in everything(verdict(words))


@pytest.mark.parametrize(
    ("seen_part", "says"), [(0.001, "not a better judgement"), (0.02, "and a better judgement")]
)
def test_a_gain_that_is_mostly_unseen_classes_is_said_to_be_that(seen_part, says):
    words = {
        Question.OWN: Word.NO_EVIDENCE,
        Question.WHOLE: Word.GAINS,
        Question.UNSEEN: Word.GAINS,
    }
    numbers = {"gain": 0.1, "unseen_part": 0.1 - seen_part, "seen_part": seen_part}
    assert says in everything(verdict(words, WHOLE=numbers))
    assert "a wider range of cases" not in everything(verdict(words))


def test_a_gain_is_given_in_points_with_its_interval_and_both_accuracies():
    words = {Question.OWN: Word.LOSES, Question.WHOLE: Word.GAINS}
    found = verdict(words)
    text = sentence(found, Question.WHOLE)
    assert "gains 5.0 points (95 % interval +3.0 to +7.0)" in text
    assert "its own model gets 90.0 % right, the federated one 95.0 %" in text
    assert "loses 5.0 points (95 % interval −7.0 to −3.0)" in sentence(found, Question.OWN)


def test_the_level_of_an_interval_is_said_where_it_is_not_the_usual_one():
    words = {Question.OWN: Word.NO_DIFFERENCE, Question.WHOLE: Word.GAINS}
    levels = {"OWN": {"confidence": 0.9}, "WHOLE": {"confidence": 1 - 0.05 / 3}}
    found = verdict(words, **levels)
    assert "(98.3 % interval +3.0 to +7.0)" in sentence(found, Question.WHOLE)
    assert "(90 % interval" in sentence(found, Question.OWN)


@pytest.mark.parametrize(
    ("sides", "says"),
    [
        ({"beyond_margin": True}, "gains 5.0 points, by more than the margin of 2.5 points ("),
        ({"within_margin": True}, "gains 5.0 points, but by less than the margin of 2.5 points ("),
        ({}, "gains 5.0 points ("),
    ],
)
def test_a_gain_is_told_from_the_margin(sides, says):
    gains = [gain(Question.WHOLE, Word.GAINS, **sides), gain(Question.OWN, Word.NO_EVIDENCE)]
    (found,) = find(gains, [COMPLETE], SCORES, voice=RightAnswers(margin=0.025))
    assert says in sentence(found, Question.WHOLE)
    assert ("join" in found.sentences[-1]) is True
    assert ("gives no reason to join" in found.sentences[-1]) is ("within_margin" in sides)


def test_what_cannot_be_asked_of_a_silo_is_said_and_harms_no_other():
    gains = [gain(q, Word.GAINS, silo=silo) for silo in (1, 2) for q in (Question.WHOLE,)]
    gains += [gain(Question.OWN, Word.LOSES, silo=2)]
    facts = [COMPLETE, replace(COMPLETE, silo=2)]
    unasked = [Unasked(silo=1, question=Question.OWN, reason="it has one row")]
    first, second = find(gains, facts, SCORES, unasked=unasked)
    assert "On its own cases there is no answer: it has one row." in first.sentences
    assert "own cases" not in first.headline
    assert "there is no answer" not in everything(second)
    assert sentence(second, Question.OWN)


@pytest.mark.parametrize("detectable", [1.0, 1.7, math.inf])
def test_a_gain_that_no_test_could_find_is_not_printed_as_points(detectable):
    words = dict.fromkeys((Question.OWN, Question.WHOLE), Word.NO_EVIDENCE)
    numbers = {"detectable": detectable}
    text = everything(verdict(words, OWN=numbers, WHOLE=numbers))
    assert "A true gain or loss of" not in text
    assert text.count("not even the largest gain would surely have been found") == 2


def test_what_could_have_been_found_is_given_in_points():
    words = dict.fromkeys((Question.OWN, Question.WHOLE), Word.NO_EVIDENCE)
    text = everything(verdict(words, WHOLE={"detectable": 0.0042}))
    assert "A true gain or loss of 0.42 points or more" in text
    assert "A true gain or loss of 3.1 points or more" in text


@pytest.mark.parametrize(("gap_closed", "says"), [(None, False), (0.83, True), (-0.2, False)])
def test_the_gap_is_told_only_where_federating_closes_some_of_it(gap_closed, says):
    words = {Question.OWN: Word.NO_EVIDENCE, Question.WHOLE: Word.GAINS}
    text = everything(verdict(words, WHOLE={"gap_closed": gap_closed}))
    assert ("Federating closes 83 % of the gap" in text) is says
    assert ("of the gap" in text) is says


def test_the_fine_tuned_model_is_told_where_it_was_measured():
    words = dict.fromkeys(Question, Word.GAINS)
    assert "97.1 % of its own cases right, and 62.4 %" in everything(verdict(words))
    assert "97.1 % of its own cases right." in everything(verdict(words, scores=SCORES[:-1]))
    assert "fine-tuned" not in everything(verdict(words, scores=SCORES[:3]))


def test_each_silo_has_its_own_verdict():
    gains = [
        gain(question, word, silo=silo)
        for silo, word in ((1, Word.LOSES), (2, Word.GAINS))
        for question in (Question.OWN, Question.WHOLE)
    ]
    facts = [COMPLETE, SiloFacts(silo=2, label_counts=(1.0,), seen=("cat",), unseen=())]
    found = find(gains, facts, SCORES)
    assert [item.silo for item in found] == [1, 2]
    assert found[0].headline.startswith("Silo 1 loses")
    assert found[1].headline.startswith("Silo 2 gains")


@pytest.mark.parametrize("words", COMBINATIONS)
def test_the_summary_counts_the_silos_of_each_word(words):
    text = summary([words, words])
    for question, name in {
        Question.OWN: "their own cases",
        Question.WHOLE: "the whole population",
        Question.UNSEEN: "cases of classes they never saw",
    }.items():
        verbs = {
            Word.GAINS: "gain",
            Word.LOSES: "lose",
            Word.NO_DIFFERENCE: "show no relevant difference",
            Word.NO_EVIDENCE: "show no evidence",
            Word.NO_WORD: "have numbers only",
        }
        if question in words:
            assert f"On {name}, 2 of 2 silos {verbs[words[question]]}" in text
        else:
            assert name not in text
    assert "nan" not in text
    assert "None" not in text
    assert "p =" not in text
    assert "p-value" not in text


def test_the_summary_tells_silos_with_different_words_apart():
    silos = [dict.fromkeys((Question.OWN, Question.WHOLE), word) for word in SIZE]
    text = summary(silos)
    expected = (
        "1 of 5 silos gains, 1 of 5 silos loses, 1 of 5 silos shows no relevant difference, "
        "1 of 5 silos shows no evidence either way, 1 of 5 silos has numbers only."
    )
    assert text.count(expected) == 2


def test_the_summary_names_the_alternatives_and_the_budget():
    words = [dict.fromkeys((Question.OWN, Question.WHOLE), Word.GAINS)]
    text = summary(words, num_seeds=1, epochs=1)
    assert "the ensemble of the isolated-equal models gets 84.2 % right" in text
    assert "and their average 73.3 %, the federated model 95.1 %" in text
    assert "over 1 seed and 1 silo," in text
    assert "one pass over each training example" in text
    assert "30 passes" in summary(words)


GAINED = {"gain": 0.9, "isolated_equal": 0.0, "federated": 0.9, "unseen_part": 0.9}


def verdict_on(facts, *, asked=True):
    """Return the verdict of a silo that gains on what it never saw, where that is asked."""
    questions = [q for q in Question if asked or q is not Question.UNSEEN]
    gains = [gain(q, Word.GAINS, **(GAINED if q is Question.UNSEEN else {})) for q in questions]
    (found,) = find(gains, [facts], SCORES)
    return everything(found)


def test_only_what_another_silo_has_is_said_to_be_learnt_from_it():
    facts = replace(FACTS, unseen=("hen", "owl", "bat"), unknown=("owl",), untested=("bat",))
    text = verdict_on(facts)
    assert "no training example of hen, so its own model cannot name them" in text
    assert "No silo has a training example of owl, so no model can name such cases" in text
    assert "Of bat it has no training example and the test set has no example either" in text
    assert "join" in text


def test_a_silo_that_lacks_only_what_nobody_has_learns_nothing_from_others():
    text = verdict_on(replace(FACTS, unseen=("owl",), unknown=("owl",)), asked=False)
    assert "No silo has a training example of owl" in text
    assert "learnt from the other silos" not in text
    assert "if it will meet" not in text


def test_the_advice_names_only_what_can_be_learnt():
    facts = replace(FACTS, unseen=("hen", "owl"), unknown=("owl",))
    gains = [gain(Question.OWN, Word.LOSES), gain(Question.WHOLE, Word.GAINS)]
    (found,) = find([*gains, gain(Question.UNSEEN, Word.GAINS)], [facts], SCORES)
    assert found.sentences[-1].startswith("Advice: join if it will meet cases of hen, with")


# In which form to join.


def advised(*gains, voice=RIGHT_ANSWERS):
    """Return the verdict of a silo with these forms."""
    federated = [g for g in gains if g.regime is Regime.FEDERATED]
    of_federated = [gain(g.question, g.word) for g in federated]
    (found,) = find(of_federated, [FACTS], forms=forms_of(gains), voice=voice)
    return found


def test_the_best_form_is_advised_and_its_numbers_are_told():
    found = advised(
        form_gain(Question.WHOLE, Word.GAINS, regime=Regime.ENSEMBLE, confidence=1 - 0.05 / 4),
        form_gain(Question.WHOLE, Word.GAINS, best=False, as_good=False),
        form_gain(Question.OWN, Word.NO_EVIDENCE, regime=Regime.ENSEMBLE),
        form_gain(Question.OWN, Word.NO_EVIDENCE, best=False),
    )
    *_, told, advice = map(plain, found.sentences)
    assert told == (
        "With the ensemble of all silos' own models instead: on the whole population it gains 5.0 "
        "points (98.8 % interval +3.0 to +7.0); on its own cases there is no evidence either way, "
        "a difference of +0.10 points (95 % interval −1.90 to +2.10)."
    )
    assert advice == (
        "Advice: join with the ensemble: it is the best supported form on the whole population."
    )


def test_forms_that_cannot_be_told_apart_are_both_named_with_what_they_cost():
    found = advised(
        form_gain(Question.WHOLE, Word.GAINS, regime=Regime.ENSEMBLE),
        form_gain(Question.WHOLE, Word.GAINS, best=False),
    )
    assert found.sentences[-1] == (
        "Advice: join with the ensemble or the federated model: both are "
        "better than its own model on the whole population, and cannot be told apart (the ensemble "
        "takes 1 exchange of weights, the federated model takes 3 "
        "exchanges of weights)."
    )


def test_a_form_that_is_as_good_on_one_question_only_is_named_there():
    found = advised(
        form_gain(Question.WHOLE, Word.GAINS, regime=Regime.ENSEMBLE),
        form_gain(Question.WHOLE, Word.GAINS, as_good=False, best=False),
        form_gain(Question.UNSEEN, Word.GAINS, regime=Regime.ENSEMBLE),
        form_gain(Question.UNSEEN, Word.GAINS, best=False),
    )
    assert found.sentences[-1] == (
        "Advice: join with the ensemble: it is the best supported form on "
        "the whole population and on cases of classes it never saw; on cases of classes it never "
        "saw the federated model cannot be told from it."
    )


def test_what_the_best_form_costs_on_other_cases_is_said_and_who_loses_nowhere():
    found = advised(
        form_gain(Question.UNSEEN, Word.GAINS, regime=Regime.ENSEMBLE),
        form_gain(Question.UNSEEN, Word.GAINS, regime=Regime.FINE_TUNED, as_good=False),
        form_gain(Question.OWN, Word.LOSES, regime=Regime.ENSEMBLE),
        form_gain(Question.OWN, Word.NO_EVIDENCE, regime=Regime.FINE_TUNED),
        form_gain(Question.OWN, Word.LOSES),
        form_gain(Question.WHOLE, Word.NO_EVIDENCE),
    )
    assert found.sentences[-1] == (
        "Advice: join if it will meet cases of hen, with the ensemble: it "
        "is the best supported form on cases of classes it never saw; on its own cases its own "
        "model serves it better than the ensemble. The fine-tuned model "
        "gains on cases of classes it never saw, and loses nowhere for sure."
    )


def test_where_questions_want_other_forms_each_is_named():
    found = advised(
        form_gain(Question.WHOLE, Word.GAINS),
        form_gain(Question.OWN, Word.NO_EVIDENCE),
        form_gain(Question.OWN, Word.GAINS, regime=Regime.FINE_TUNED),
    )
    assert found.sentences[-1].startswith(
        "Advice: join in the form that its cases ask for: on the whole population the federated "
        "model, on its own cases the fine-tuned model."
    )


def test_three_questions_of_one_word_are_enumerated():
    words = dict.fromkeys((Question.WHOLE, Question.OWN, Question.OTHERS), Word.GAINS)
    where = "on the whole population, on its own cases and on the other silos' cases"
    assert f"gains {where}." in verdict(words).headline
    assert f"best supported form {where}." in verdict(words).sentences[-1]


def test_the_summary_counts_the_silos_of_each_best_form():
    gains = [
        form_gain(Question.WHOLE, Word.GAINS, regime=regime, silo=silo)
        for silo, regime in enumerate(
            (*[Regime.ENSEMBLE] * 3, *[Regime.FEDERATED] * 2, Regime.FINE_TUNED, Regime.AVERAGE),
            start=1,
        )
    ]
    gains += [
        form_gain(Question.OWN, Word.GAINS, regime=Regime.FINE_TUNED, silo=8),
        form_gain(Question.WHOLE, Word.GAINS, regime=Regime.ENSEMBLE, silo=8),
        form_gain(Question.WHOLE, Word.NO_EVIDENCE, silo=9),
    ]
    words = [dict.fromkeys((Question.OWN, Question.WHOLE), Word.GAINS)]
    assert (
        "The best supported form of joining is the ensemble for 3 of 9 silos, the federated model "
        "for 2 of 9 silos, the fine-tuned model for 1 of 9 silos, others for 1, one for each "
        "question for 1."
    ) in summary(words, forms=forms_of(gains))
    nobody = forms_of([form_gain(Question.WHOLE, Word.NO_EVIDENCE)])
    assert "best supported" not in summary(words, forms=nobody)


def test_names_with_commas_are_told_apart():
    assert 'no training example of "a, b", c, so' in verdict_on(
        replace(FACTS, unseen=("a, b", "c"))
    )


def test_the_summary_says_what_no_silo_has():
    words = [dict.fromkeys(Question, Word.GAINS)]
    assert "No silo has a training example of owl" in summary(words, unknown=("owl",))
    assert "No silo" not in summary(words)


def test_every_regime_has_one_name_in_the_sentences():
    words = [dict.fromkeys(Question, Word.GAINS)]
    for text in (summary(words), everything(verdict(words[0]))):
        assert not re.search(r"isolated(?!-equal)|one-shot", text)


def test_what_is_known_of_all_silos_comes_first_where_it_leads():
    words = [dict.fromkeys((Question.OWN, Question.WHOLE), Word.NO_EVIDENCE)]
    joint = Consortium(
        question=Question.OWN,
        num_silos=20,
        gains=(),
        prospect=None,
        spread=None,
        differ=None,
        leads=True,
        sentences=("On their own cases a silo gains.", "More in the report."),
    )
    text = summary(words, together=[joint], warning="Nothing was learnt.")
    assert text.startswith("Nothing was learnt. On their own cases a silo gains. On the whole")
    assert "More in the report" not in text
    beside = replace(joint, leads=False)
    assert summary(words, together=[beside]) == summary(words)


def test_a_warning_comes_before_any_gain():
    words = [dict.fromkeys((Question.OWN, Question.WHOLE), Word.GAINS)]
    assert summary(words, warning="Nothing was learnt.") == f"Nothing was learnt. {summary(words)}"
    assert summary(words, hint="Few steps.") == f"{summary(words)} Few steps."


@pytest.mark.parametrize("words", COMBINATIONS)
def test_where_nothing_was_learnt_the_advice_is_to_decide_nothing(words):
    gains = [gain(question, word) for question, word in words.items()]
    facts = FACTS if Question.UNSEEN in words else COMPLETE
    voice = RightAnswers(margin=0.01)
    (found,) = find(gains, [facts], SCORES, learnt=False, voice=voice)
    assert found.sentences[:-1] == verdict(words).sentences[:-1]
    assert found.sentences[-1].startswith("Advice: decide nothing")


def test_every_question_has_its_words_in_the_sentences():
    words = dict.fromkeys(Question, Word.GAINS)
    for row in QUESTIONS:
        assert f"On {row.of_silos}, 1 of 1 silo gains" in summary([words])
        assert f"on {row.of_silo}" in verdict(words).headline
        assert sentence(verdict(words), row.question).startswith(f"On {row.of_silo}")


def test_what_matters_to_the_most_comes_first():
    order = [row.question for row in QUESTIONS]
    assert order == [Question.WHOLE, Question.UNSEEN, Question.OWN, Question.OTHERS]
    words = dict.fromkeys(Question, Word.GAINS)
    for text in (summary([words]), everything(verdict(words))):
        places = [re.search(f"{row.of_silo}|{row.of_silos}", text).start() for row in QUESTIONS]
        assert places == sorted(places)


def test_scores_by_other_measures_change_no_sentence():
    words = dict.fromkeys(Question, Word.GAINS)
    others = [replace(item, measure="distance", mean=0.5) for item in SCORES]
    assert verdict(words, scores=[*SCORES, *others]) == verdict(words)


def reference(question, word, *, regime=Regime.FEDERATED, silo=1):
    """Return how the form compares with the best that needs no network, which has 91 %."""
    size = SIZE[word]
    return ReferenceGain(
        silo=silo,
        question=question,
        regime=regime,
        reference=Regime.BOOSTED_TREES,
        value=0.91 + size,
        reference_value=0.91,
        gain=size,
        low=size - 0.02,
        high=size + 0.02,
        confidence=0.95,
        adjusted_p_value=0.5,
        word=word,
        beyond_margin=False,
        within_margin=False,
    )


GAINING = {Question.OWN: Word.GAINS, Question.WHOLE: Word.GAINS}


def with_references(*references, words=GAINING):
    gains = [gain(question, word) for question, word in words.items()]
    (found,) = find(gains, [COMPLETE], references=references)
    return plain(" ".join(found.sentences)), found.sentences[-1]


@pytest.mark.parametrize("word", [Word.LOSES, Word.NO_EVIDENCE])
def test_beating_only_a_weak_network_of_ones_own_is_no_reason_to_join(word):
    text, advice = with_references(*(reference(question, word) for question in GAINING))
    assert advice == (
        "Advice: this comparison gives no reason to join, since no form surely beats what its own "
        "rows give without a network."
    )
    assert (
        "On its own cases boosted trees of its own rows, without any network, comes to 91.0 %, and "
        "the federated model does not surely beat that"
    ) in text


def test_a_form_that_beats_the_silos_reference_is_advised_as_ever():
    plainly = find([gain(q, w) for q, w in GAINING.items()], [COMPLETE])[0].sentences
    text, advice = with_references(*(reference(question, Word.GAINS) for question in GAINING))
    assert advice == plainly[-1]
    assert "without any network" not in text


def test_where_one_question_only_is_such_a_gain_it_is_told_and_the_advice_stays():
    text, advice = with_references(
        reference(Question.OWN, Word.LOSES), reference(Question.WHOLE, Word.GAINS)
    )
    assert advice.startswith("Advice: join")
    assert text.count("without any network") == 1


def test_other_silos_references_and_questions_without_a_gain_change_nothing():
    words = {Question.OWN: Word.NO_EVIDENCE, Question.WHOLE: Word.GAINS}
    others = (
        reference(Question.OWN, Word.LOSES),
        reference(Question.WHOLE, Word.LOSES, silo=2),
        reference(Question.WHOLE, Word.LOSES, regime=Regime.ENSEMBLE),
    )
    assert with_references(*others, words=words) == with_references(words=words)


def test_unstable_training_comes_first_in_summary_and_verdict():
    failed = FailedSeed(
        seed=44, regime=Regime.FEDERATED, silo=None, test_set="all", value=0.11, usual=0.95
    )
    without = gain(Question.WHOLE, Word.GAINS, gain=0.2)
    training = TrainingFacts(failed=(failed,), without=(without,))
    seeds = (SeedGain(**dict.fromkeys(SeedGain.__dataclass_fields__, 0)),) * 5
    gains = [gain(q, w, seeds=seeds) for q, w in GAINING.items()]
    (found,) = find(gains, [COMPLETE], training=training)
    first, second, third = found.sentences[:3]
    assert first == "Unstable training: 1 of 5 seeds failed (seed 44, the federated model)."
    assert plain(second).startswith("Without it: on the whole population it gains 20.0 points (")
    assert third.startswith("On ")
    said = summary([GAINING], unstable="Unstable training: ...", warning="Nothing was learnt.")
    assert said.startswith("Unstable training: ... Nothing was learnt. On ")


def test_the_summary_counts_the_silos_whose_gain_is_no_reason():
    gains = [form_gain(Question.WHOLE, Word.GAINS, silo=silo) for silo in (1, 2)]
    decisions = forms_of(gains).decisions
    weak = [reference(Question.WHOLE, Word.NO_EVIDENCE, silo=1)]
    weak.append(reference(Question.WHOLE, Word.GAINS, silo=2))
    said = told_no_reason(decisions, weak, 2)
    assert said.startswith("For 1 of 2 silos joining beats only a weak network of the silo's own")
    assert told_no_reason(decisions, weak[1:], 2) is None
    assert said in summary([GAINING], no_reason=said)
