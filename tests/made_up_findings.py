"""A made-up but plausible comparison, for tests of reports."""

from dataclasses import replace
from random import Random

from fedcompare.findings.consortium import Consortium, Estimand, JointGain, Prospect
from fedcompare.findings.findings import Findings
from fedcompare.findings.forms import NO_FORMS, Choice, Decision, FormCost, FormGain, Forms
from fedcompare.findings.gains import Contribution, Gain, SeedGain, Spread, Unasked, Verdict
from fedcompare.findings.ledger import Budget
from fedcompare.findings.questions import Question
from fedcompare.findings.references import ReferenceGain
from fedcompare.findings.rounds import Curve, Forgetting, Point
from fedcompare.findings.scores import (
    Confusion,
    MeasureFacts,
    Mistake,
    Model,
    Quality,
    Score,
    SiloFacts,
    TestSetFacts,
)
from fedcompare.findings.test_sets import ALL, Kind, TestSet, own, seen, unseen
from fedcompare.findings.training import NOTHING_ODD, FailedSeed, TrainingFacts, Unfinished
from fedcompare.names import Word
from fedcompare.regimes.catalog import ROWS, Regime
from fedcompare.regimes.models import models_of
from fedcompare.statistics.skew import UNMEASURED, Distance, Measure, MeasuredSkew

NASTY = "<script>alert(1)</script>&\"'"
DIGITS = tuple("0123456789")
SEEDS = (1, 2, 3, 4, 5)
ROUNDS = 6
LACKS = {1: (1, 3, 7), 2: (2, 5, 8), 3: (4, 6, 9)}
GAINS = {
    Question.OWN: (-0.0052, 0.0002, 0.0041),
    Question.OTHERS: (0.1052, 0.0744, 0.0801),
    Question.WHOLE: (0.3052, 0.2744, 0.2801),
    Question.UNSEEN: (0.9712, 0.9538, 0.9491),
}
WORDS = {0: Word.NO_EVIDENCE, 1: Word.GAINS, -1: Word.LOSES}


def findings(
    *, name: str = "mnist", class_names: tuple[str, ...] = DIGITS, complete: bool = True
) -> Findings:
    """Return findings on three silos; not `complete`: all that may be missing is."""
    random = Random(7)
    lacks = LACKS if complete else dict.fromkeys(LACKS, ())
    silos = tuple(
        SiloFacts(
            silo=silo,
            label_counts=tuple(0.0 if c in lacks[silo] else 1900.0 + 30 * c for c in range(10)),
            seen=tuple(n for c, n in enumerate(class_names) if c not in lacks[silo]),
            unseen=tuple(n for c, n in enumerate(class_names) if c in lacks[silo]),
        )
        for silo in LACKS
    )
    models = _models()
    test_sets = _test_sets(complete)
    return Findings(
        name=name,
        seeds=SEEDS,
        config={"name": name, "seed": 1, "dataset": "mnist", "learning-rate": 0.01},
        environment={"fedcompare": "0.2.0", "python": "3.11.9", "torch": "2.8.0", "cpus": 2},
        commands=("fedcompare compare --seeds 1,2,3,4,5", "fedcompare evaluate --subsets"),
        class_names=class_names,
        notes=("3 of 40 test pictures equal a training picture, pixel for pixel.",),
        silos=silos,
        summary=(
            "On the whole population, 3 of 3 silos gain. On their own cases, 1 of 3 silos loses, "
            "1 of 3 silos shows no evidence either way. Compared over 5 seeds and 3 silos, with "
            "the same budget for isolated-equal, federated and centralized training."
        ),
        verdicts=tuple(_verdict(silo) for silo in LACKS),
        gains=tuple(
            _gain(random, silo, question, complete)
            for silo in LACKS
            for question in Question
            if complete or question is not Question.UNSEEN
        ),
        models=models,
        test_sets=test_sets,
        measures=(MeasureFacts(name="accuracy", higher_is_better=True),),
        scores=tuple(
            _score(random, model, test_set)
            for model in models
            for test_set in test_sets
            if complete or (model.key, test_set.key) != ("federated", "own:2")
        ),
        qualities=tuple(_quality(random, model, lacks) for model in models),
        curves=tuple(_curve(random, m, t) for m in models for t in test_sets if _drawn(m, t)),
        confusions=tuple(_confusion(random, model, lacks) for model in models),
        mistakes=tuple(_mistakes(class_names)) if complete else (),
        forgetting=tuple(
            _forgetting(random, silo, place, lacks[silo])
            for silo in LACKS
            for place in range(1, ROUNDS + 1)
        ),
        budgets=tuple(_budget(regime) for regime in Regime),
        contributions=tuple(_contributions(complete)) if complete else (),
        skew=_skew(class_names[0]) if complete else UNMEASURED,
        forms=_forms() if complete else NO_FORMS,
        references=tuple(_reference(silo, GAINS[Question.OWN][silo - 1]) for silo in LACKS)
        if complete
        else (),
        training=_training() if complete else NOTHING_ODD,
        unasked=(Unasked(silo=3, question=Question.UNSEEN, reason="nobody knows them"),)
        if complete
        else (),
    )


def _forms() -> Forms:
    behind = {
        Regime.ENSEMBLE: 0.0,
        Regime.FEDERATED: 0.001,
        Regime.FINE_TUNED: 0.02,
        Regime.AVERAGE: 0.1,
    }
    return Forms(
        gains=tuple(
            _form(silo, question, regime, GAINS[question][silo - 1] - behind[regime])
            for silo in LACKS
            for question in Question
            for regime in behind
        ),
        costs=tuple(
            FormCost(
                regime=regime,
                exchanges=exchanges,
                bytes_up=407_000.0 * exchanges,
                bytes_down=814_000.0 * exchanges,
                epochs=30,
            )
            for regime, exchanges in (
                (Regime.ISOLATED_EQUAL, 0),
                (Regime.FEDERATED, 3),
                (Regime.ENSEMBLE, 1),
            )
        ),
        decisions=tuple(
            Decision(
                silo=silo,
                choices=(Choice(question=Question.WHOLE, forms=(Regime.ENSEMBLE,)),),
                forms=(Regime.ENSEMBLE, Regime.FEDERATED),
                harmed=(Question.OWN,),
                spared=(Regime.FINE_TUNED,),
            )
            for silo in LACKS
        ),
    )


def _form(silo: int, question: Question, regime: Regime, gain: float) -> FormGain:
    half = 0.002 + 0.01 * abs(gain)
    sign = (gain - half > 0) - (gain + half < 0)
    return FormGain(
        silo=silo,
        question=question,
        regime=regime,
        value=0.966 + gain,
        gain=gain,
        low=gain - half,
        high=gain + half,
        confidence=1 - 0.05 / 12,
        adjusted_p_value=0.0012 if sign else 0.84,
        word=WORDS[sign],
        beyond_margin=False,
        within_margin=False,
        behind=0.01,
        is_best=regime is Regime.ENSEMBLE,
        as_good=regime in (Regime.ENSEMBLE, Regime.FEDERATED),
    )


def _reference(silo: int, gain: float) -> ReferenceGain:
    sign = (gain > 0.004) - (gain < -0.004)
    return ReferenceGain(
        silo=silo,
        question=Question.OWN,
        regime=Regime.FEDERATED,
        reference=Regime.BOOSTED_TREES,
        value=0.966 + gain,
        reference_value=0.966,
        gain=gain,
        low=gain - 0.003,
        high=gain + 0.003,
        confidence=1 - 0.05 / 3,
        adjusted_p_value=0.01 if sign else 0.7,
        word=WORDS[sign],
        beyond_margin=False,
        within_margin=False,
    )


def _training() -> TrainingFacts:
    failed = FailedSeed(
        seed=2, regime=Regime.ISOLATED, silo=3, test_set="all", value=0.1, usual=0.66
    )
    unfinished = Unfinished(regime=Regime.ISOLATED, silos=(1, 2), fall=0.04)
    return TrainingFacts(failed=(failed,), unfinished=(unfinished,))


def _skew(feature: str) -> MeasuredSkew:
    def distance(subject, measure, silo, value, *, is_chance=False):
        return Distance(
            subject=subject, measure=measure, silo=silo, value=value, is_chance=is_chance
        )

    labels = zip(LACKS, (0.53, 0.5, 0.05), strict=True)
    return MeasuredSkew(
        labels=tuple(
            distance("label", Measure.JENSEN_SHANNON, silo, value, is_chance=value < 0.1)
            for silo, value in labels
        ),
        features=(
            distance("brightness", Measure.MEANS, 1, -0.9),
            distance("contrast", Measure.MEANS, None, 0.3),
            distance(feature, Measure.HELLINGER, 2, 0.5),
            distance("weight", Measure.MISSING, 3, 0.9, is_chance=True),
        ),
    )


def _models() -> tuple[Model, ...]:
    return tuple(
        Model(
            key=model.key,
            label=model.label,
            regime=model.regime,
            silo=model.silo,
            epochs=10 if model.regime is Regime.ISOLATED else 30,
        )
        for model in models_of(ROWS, LACKS)
    )


def _test_sets(complete: bool) -> tuple[TestSetFacts, ...]:
    whole = [_facts(ALL, "all digits", 10000)]
    of_silos = [_facts(own(silo), f"silo {silo}'s own cases", 10000) for silo in LACKS]
    if not complete:
        return (*whole, *of_silos)
    parts = [
        _facts(make(silo), f"{make(silo).kind} by silo {silo}", size)
        for make, size in ((seen, 6800), (unseen, 3200))
        for silo in LACKS
    ]
    return (*whole, *of_silos, *parts)


def _facts(test_set: TestSet, label: str, num_examples: int) -> TestSetFacts:
    return TestSetFacts(
        key=test_set.key,
        label=label,
        num_examples=num_examples,
        kind=test_set.kind,
        silo=test_set.silo,
    )


def _gain(random: Random, silo: int, question: Question, complete: bool) -> Gain:
    gain = GAINS[question][silo - 1]
    half = 0.002 + 0.01 * abs(gain)
    sign = (gain - half > 0) - (gain + half < 0)
    federated = 0.972 if question is Question.UNSEEN else 0.966
    seen = gain if question is Question.OWN else 0.004
    return Gain(
        silo=silo,
        question=question,
        num_examples=3200 if question is Question.UNSEEN else 10000,
        isolated_equal=federated - gain,
        federated=federated,
        centralized=0.981,
        gain=gain,
        low=gain - half,
        high=gain + half,
        standard_error=half / 2.4,
        degrees_of_freedom=7.3,
        p_value=0.0004 if sign else 0.42,
        adjusted_p_value=0.0012 if sign else 0.84,
        word=WORDS[sign],
        detectable=0.0031,
        unequal_gain=gain + 0.006,
        budget_part=0.006,
        unseen_part=gain - seen,
        seen_part=seen,
        gap_closed=0.953 if complete and question is not Question.OWN else None,
        seeds=tuple(_seed_gain(random, seed, gain, federated) for seed in SEEDS),
    )


def _seed_gain(random: Random, seed: int, gain: float, federated: float) -> SeedGain:
    own = gain + random.gauss(0, 0.002)
    return SeedGain(
        seed=seed,
        isolated_equal=federated - own,
        federated=federated,
        gain=own,
        won=int(150 + max(0.0, own) * 10000),
        lost=int(150 + max(0.0, -own) * 10000),
        mcnemar=1e-5 if abs(own) > 0.004 else 0.31,
        mcnemar_adjusted=3e-5 if abs(own) > 0.004 else 0.62,
    )


def _verdict(silo: int) -> Verdict:
    return Verdict(
        silo=silo,
        headline=(
            f"Silo {silo} gains on the whole population and on cases of classes it never saw; "
            "there is no evidence either way on its own cases."
        ),
        sentences=(
            "On the whole population it gains 30.5 points (95 % interval +30.0 to +31.0): its own "
            "model gets 66.1 % right, the federated one 96.6 %.",
            "Of this, +30.1 points come from the classes it never saw and +0.4 from those it has: "
            "a wider range of cases, not a better judgement of the cases it knows.",
            "On cases of classes it never saw it gains 97.1 points (95 % interval +95.9 to "
            "+98.3): its own model gets 0.0 % right, the federated one 97.1 %.",
            "Advice: join; its own cases show no loss.",
        ),
    )


def _level(model: Model, test_set: TestSetFacts) -> float:
    if model.regime not in (Regime.ISOLATED, Regime.ISOLATED_EQUAL):
        return 0.981 if model.regime is Regime.CENTRALIZED else 0.962
    if test_set.silo != model.silo:
        return 0.66
    return 0.0 if test_set.kind is Kind.UNSEEN else 0.968


def _score(random: Random, model: Model, test_set: TestSetFacts) -> Score:
    level = _level(model, test_set)
    mean = level + random.uniform(-0.004, 0.004) if level else 0.0
    spread = 0.003 if level else 0.0
    return Score(
        model=model.key,
        test_set=test_set.key,
        measure="accuracy",
        mean=mean,
        lowest=mean - spread,
        highest=mean + spread,
    )


def _quality(random: Random, model: Model, lacks: dict[int, tuple[int, ...]]) -> Quality:
    missing = lacks.get(model.silo or 0, ())
    isolated = model.regime in (Regime.ISOLATED, Regime.ISOLATED_EQUAL)
    return Quality(
        model=model.key,
        macro_f1=0.58 if isolated and missing else 0.961,
        calibration_error=0.24 if isolated and missing else 0.013,
        unseen_confidence=0.87 if isolated and missing else None,
        recall=tuple(
            0.0 if isolated and c in missing else 0.96 + random.uniform(-0.02, 0.02)
            for c in range(10)
        ),
    )


def _drawn(model: Model, test_set: TestSetFacts) -> bool:
    regimes = (Regime.ISOLATED_EQUAL, Regime.CENTRALIZED, Regime.FEDERATED)
    return model.regime in regimes and test_set.kind in (Kind.ALL, Kind.OWN, Kind.UNSEEN)


def _curve(random: Random, model: Model, test_set: TestSetFacts) -> Curve:
    level = _level(model, test_set)
    points = []
    for place in range(ROUNDS + 1):
        reached = 0.1 if place == 0 else level * (1 - 0.12 / place**1.5)
        mean = reached + random.uniform(-0.003, 0.003) if reached else 0.0
        spread = 0.02 / (place + 1) if mean else 0.0
        points.append(
            Point(
                round=place, mean=mean, lowest=max(0, mean - spread), highest=min(1, mean + spread)
            )
        )
    return Curve(model=model.key, test_set=test_set.key, points=tuple(points))


def _confusion(random: Random, model: Model, lacks: dict[int, tuple[int, ...]]) -> Confusion:
    isolated = model.regime in (Regime.ISOLATED, Regime.ISOLATED_EQUAL)
    missing = lacks.get(model.silo or 0, ()) if isolated else ()
    rows = []
    for true in range(10):
        row = [0 if column in missing else random.randrange(0, 40) for column in range(10)]
        if true in missing:
            row[(true + 4) % 10 if (true + 4) % 10 not in missing else 0] = 3100
        else:
            row[true] = 4800
        rows.append(tuple(row))
    return Confusion(model=model.key, counts=tuple(rows))


def _mistakes(class_names: tuple[str, ...]):
    for silo, missing in LACKS.items():
        for true in missing:
            others = [c for c in range(10) if c not in missing]
            for place, taken in enumerate(others[: 4 if true != 9 else 2]):
                yield Mistake(
                    silo=silo,
                    unseen_class=class_names[true],
                    taken_for=class_names[taken],
                    share=0.5 / (place + 1),
                    confidence=0.8 - 0.1 * place,
                    num_examples=5050,
                )


def _forgetting(random: Random, silo: int, place: int, missing: tuple[int, ...]) -> Forgetting:
    start = 0.1 if place == 1 else 0.93 + 0.005 * place
    return Forgetting(
        round=place,
        silo=silo,
        before=tuple(start for _ in range(10)),
        local=tuple(0.15 + random.uniform(0, 0.1) if c in missing else 0.975 for c in range(10)),
        after=tuple(0.93 + 0.005 * (place + 1) for _ in range(10)),
    )


def _budget(regime: Regime) -> Budget:
    talks = regime is Regime.FEDERATED
    return Budget(
        regime=regime,
        epochs=10 if regime is Regime.ISOLATED else 30,
        local_steps=19_320.0,
        examples=1_236_480.0,
        bytes_up=7_340_000.0 if talks else 0.0,
        bytes_down=7_350_000.0 if talks else 0.0,
        seconds=83.4,
        cpu_seconds=41.25,
    )


def _contributions(complete: bool):
    for silo in LACKS:
        for test_set in ("all", f"own:{silo}"):
            yield Contribution(
                silo=silo,
                test_set=test_set,
                leave_one_out=Spread(mean=0.012, lowest=0.0098, highest=0.0141),
                shapley=Spread(mean=0.32, lowest=0.31, highest=0.33) if test_set == "all" else None,
            )


def many(count: int = 100) -> Findings:
    """Return findings on many silos with names, of which few are sure of anything."""
    random, found = Random(11), findings()
    silos = range(1, count + 1)
    names = [f"clinic {silo:03d}" if silo % 7 else f"St. Mary's {silo:03d}" for silo in silos]
    gains = [
        _uncertain(random, found.gains[0], silo, question)
        for silo in silos
        for question in (Question.OWN, Question.WHOLE)
    ]
    models = [
        model if model.silo is None else _renamed(model, silo)
        for silo in silos
        for model in found.models
        if model.silo == 1 or (model.silo is None and silo == 1)
    ]
    test_sets = [
        _facts(ALL, "whole population", 10 * count),
        *(_facts(own(s), f"own cases of {n}", 10) for s, n in zip(silos, names, strict=True)),
    ]
    return replace(
        found,
        silos=tuple(
            replace(found.silos[0], silo=silo, name=name, unseen=())
            for silo, name in zip(silos, names, strict=True)
        ),
        verdicts=tuple(replace(found.verdicts[0], silo=silo) for silo in silos),
        gains=tuple(gains),
        models=tuple(models),
        test_sets=tuple(test_sets),
        scores=tuple(
            _score(random, model, test_set)
            for model in models
            for test_set in test_sets
            if model.silo is None or test_set.silo in (None, model.silo)
        ),
        qualities=tuple(_quality(random, model, {}) for model in models),
        curves=tuple(_curve(random, m, test_sets[0]) for m in models if _drawn(m, test_sets[0])),
        confusions=tuple(
            _confusion(random, m, {})
            for m in models
            if m.regime in (Regime.ISOLATED_EQUAL, Regime.FEDERATED)
        ),
        mistakes=(),
        forgetting=(),
        contributions=(),
        skew=UNMEASURED,
        forms=Forms(
            gains=tuple(
                _form(silo, question, regime, random.gauss(0.02, 0.05))
                for silo in silos
                for question in (Question.OWN, Question.WHOLE)
                for regime in (Regime.FEDERATED, Regime.FINE_TUNED, Regime.ENSEMBLE)
            ),
            costs=found.forms.costs,
            decisions=tuple(replace(found.forms.decisions[0], silo=silo) for silo in silos),
        ),
        unasked=(),
        consortium=(_together(count),),
    )


def _renamed(model: Model, silo: int) -> Model:
    regime = model.regime.value
    return replace(model, key=f"{regime}-silo-{silo}", label=f"{regime}, {silo}", silo=silo)


def _uncertain(random: Random, gain: Gain, silo: int, question: Question) -> Gain:
    """Return a gain whose interval goes by the silo's size."""
    error = random.choice((0.01, 0.03, 0.06, 0.1))
    size = random.gauss(0.03, 0.03) + random.gauss(0, error)
    low, high = size - 3.5 * error, size + 3.5 * error
    sign = (low > 0) - (high < 0)
    return replace(
        gain,
        silo=silo,
        question=question,
        gain=size,
        low=low,
        high=high,
        confidence=0.9995,
        standard_error=error,
        word=WORDS[sign],
    )


def _together(count: int) -> Consortium:
    joint = JointGain(
        estimand=Estimand.SILOS,
        gain=0.028,
        low=0.019,
        high=0.037,
        confidence=0.95,
        p_value=1e-6,
        word=Word.GAINS,
        beyond_margin=False,
        within_margin=False,
        lack=None,
    )
    return Consortium(
        question=Question.OWN,
        num_silos=count,
        gains=(
            joint,
            replace(joint, estimand=Estimand.ROWS, gain=0.021),
            replace(joint, estimand=Estimand.SUCH, low=0.012, high=0.044),
        ),
        prospect=Prospect(gain=0.028, low=-0.12, high=0.17),
        spread=0.031,
        differ=True,
        leads=True,
        sentences=(
            f"On their own cases a silo gains 2.8 points (95 % interval +1.9 to +3.7), on average "
            f"over {count} silos, each alike.",
            "Each of their rows alike, a silo gains 2.1 points (95 % interval +1.9 to +3.7).",
            "Over other silos like these, a silo gains 2.8 points (95 % interval +1.2 to +4.4), on "
            "average on their own cases.",
        ),
    )
