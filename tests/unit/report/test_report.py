import json
import math
import re
import subprocess
import sys
from dataclasses import fields, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import fromstring

import jsonschema
import pytest
from markdown_it import MarkdownIt

from fedcompare.errors import ResultsError
from fedcompare.findings.questions import QUESTIONS, Question
from fedcompare.findings.schema import from_json, schema, to_json
from fedcompare.findings.scores import MeasureFacts
from fedcompare.names import Word
from fedcompare.regimes.catalog import Regime
from fedcompare.report.crowds import ordered
from fedcompare.report.html import render_html
from fedcompare.report.markdown import render_markdown
from fedcompare.report.sections import sections
from fedcompare.report.svg import picture, ticks, to_text, write
from fedcompare.statistics.word_rules import RULES, SIDES
from fedcompare.text import wording
from fedcompare.text.escaping import markdown as escape_markdown
from fedcompare.text.escaping import visible
from made_up_findings import NASTY, findings, many
from nasty import NAMES

SCHEMA = Path(__file__).parents[3] / "docs" / "report.schema.json"
VOID = {"meta", "link", "br", "input"}
KEYS = [
    "verdict",
    "gains",
    "forms",
    "matrix",
    "silos",
    "curves",
    "confusion",
    "mistakes",
    "forgetting",
    "contributions",
    "equal-budget",
    "budget",
    "method",
    "reproduce",
]
SHEETS = {
    "gains-table",
    "gains-numbers",
    "gains-parts",
    "forms-table",
    "decisions",
    "form-costs",
    "matrix-accuracy-whole",
    "matrix-accuracy-silo",
    "quality",
    "recall",
    "labels",
    "confusion-1-isolated-equal",
    "confusion-1-federated",
    "mistakes-frequent",
    "mistakes-all",
    "forgetting-table",
    "contributions-table",
    "budget-parts",
    "ledger",
    "seeds",
    "versions",
}


class Page(HTMLParser):
    """The elements, ids and text of a page; fails where tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.words, self.open, self.cells = [], [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "title", "script"):
            self.words.append(data)
        if self.open and self.open[-1] in ("th", "td"):
            self.cells.append(" ".join(data.split()))

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page():
    return Page(render_html(findings()))


def test_every_section_is_there_in_its_order(page):
    assert [attrs["id"] for tag, attrs in page.tags if tag == "section"] == KEYS
    titles = re.findall(r"^## (.*)$", render_markdown(findings()), flags=re.MULTILINE)
    assert titles == [section.title for section in sections(findings())]


def test_every_family_of_numbers_has_a_table(page):
    captions = {attrs.get("id") for tag, attrs in page.tags if tag == "caption"}
    assert captions >= SHEETS
    assert any(key.startswith("rounds-") for key in captions)


def test_both_renderings_hold_the_same_tables(page):
    markdown = render_markdown(findings())
    tables = sum(tag == "table" for tag, _ in page.tags)
    assert len(re.findall(r"^\| -", markdown, flags=re.MULTILINE)) == tables


def test_the_numbers_are_shown(page):
    markdown = render_markdown(findings())
    shown = (
        "97.12",  # an isolated share, with two decimals as its gain is below a point
        "−0.52",
        "−0.73 to −0.31",
        "+30.5",
        "no evidence either way",
        "0.31",  # detectable
        "95.3",  # gap closed
        "7.3 MB",
        "1 min 23 s",
        "1,236,480",
        "41.2 s",
        "< 0.001",
        "+32.0",  # a Shapley value
        "fedcompare compare --seeds 1,2,3,4,5",
        "learning-rate = 0.01",
    )
    for number in shown:
        assert number in page.text, number
        assert number in markdown.replace("&lt;", "<"), number


def test_all_texts_of_the_verdicts_are_there(page):
    found = findings()
    for verdict in found.verdicts:
        for text in (found.summary, verdict.headline, *verdict.sentences):
            assert text in page.text
            assert escape_markdown(text) in render_markdown(found)


def test_the_same_findings_give_the_same_small_page():
    text = render_html(findings())
    assert text == render_html(findings())
    assert render_markdown(findings()) == render_markdown(findings())
    assert len(text.encode()) < 2_000_000


def test_user_text_is_never_markup():
    names = (NASTY, *"123456789")
    found = findings(name=NASTY, class_names=names)
    found = replace(found, summary=NASTY, commands=(NASTY, "```"))
    text = render_html(found)
    page = Page(text)
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert "<script" not in text
    assert NASTY in page.text
    markdown = render_markdown(found)
    prose = re.sub(r"^(`{3,}).*?^\1$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    assert "<script" not in prose
    assert "````sh" in markdown  # a longer fence than the commands hold


def test_markdown_cells_stay_in_their_rows():
    markdown = render_markdown(findings(class_names=("a|b\nc", *"123456789")))
    tables = re.findall(r"(?:^\|.*\|\n)+", markdown, flags=re.MULTILINE)
    for table in tables:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1


def cells_of(markdown):
    """Return the texts of a Markdown document's table cells, as a reader sees them."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    for opening, inline in pairwise(tokens):
        if opening.type in ("th_open", "td_open"):
            yield "".join(child.content for child in inline.children)


@pytest.mark.parametrize("start", range(0, len(NAMES), 10))
def test_every_name_is_read_as_it_is(start):
    names = (*NAMES[start : start + 10], *"0123456789")[:10]
    found = findings(class_names=names)
    page, markdown = Page(render_html(found)), render_markdown(found)
    cells = list(cells_of(markdown))
    for name in names:
        shown = " ".join(visible(name).split())
        assert page.cells.count(shown) > 2
        assert cells.count(shown) > 2
    assert render_html(found).encode()
    assert markdown.encode()


def test_pictures_show_hidden_characters_and_are_xml():
    root = picture("k", 10, 10, title="a\x1b\u202e\udce9<b>", description="d\n")
    write(root, 0, 0, "\x00&", css="small")
    text = to_text(root)
    assert fromstring(text).find("title").text == r"a\x1b\u202e\udce9<b>"
    assert fromstring(text).find("text").text == r"\x00&"


def test_commands_keep_their_lines_but_nothing_else_that_acts():
    found = replace(findings(), commands=("one \x1b[31m", "two"))
    assert "one \\x1b[31m\ntwo" in render_html(found)
    assert "one \\x1b[31m\ntwo" in render_markdown(found)


def test_long_names_are_broken_and_short_ones_are_not():
    long = findings(class_names=("x" * 60, *"123456789"))
    assert "overflow-wrap:anywhere" not in render_html(findings()).partition("</style>")[2]
    assert "overflow-wrap:anywhere" in render_html(long).partition("</style>")[2]


def with_silos(count):
    """Return findings whose first silo is there many times."""
    found = findings()
    silos = range(1, count + 1)
    lines = {c.model: c for c in found.curves if c.test_set == "all"}
    alone = next(m for m in found.models if m.regime is Regime.ISOLATED_EQUAL)
    models = tuple(
        replace(alone, key=f"isolated-equal-{s}", label=f"isolated, silo {s}", silo=s)
        for s in silos
    )
    others = tuple(m for m in found.models if m.silo is None)
    curves = tuple(replace(lines[alone.key], model=model.key) for model in models)
    return replace(
        found,
        silos=tuple(replace(found.silos[0], silo=s) for s in silos),
        models=(*models, *others),
        curves=(*curves, *(lines[m.key] for m in others if m.key in lines)),
        gains=tuple(replace(found.gains[0], silo=s) for s in silos),
        forgetting=tuple(replace(found.forgetting[0], silo=s) for s in silos),
        confusions=tuple(replace(found.confusions[0], model=m.key) for m in (*models, *others)),
    )


def test_sixty_silos_share_a_line_of_the_legend_and_are_folded():
    few, sixty = with_silos(3), with_silos(60)
    curves = {
        key: next(s for s in sections(f) if s.key == "curves")
        for key, f in (("few", few), ("many", sixty))
    }
    pictures = {key: section.blocks[1].blocks[0].svg for key, section in curves.items()}
    assert ">isolated, silo 3<" in pictures["few"]
    assert ">isolated-equal, each of 60 silos<" in pictures["many"]
    assert ">isolated, silo 3<" not in pictures["many"]
    assert float(re.search(r'viewBox="0 0 340 ([\d.]+)"', pictures["many"])[1]) < 400
    kinds = [b.kind for s in sections(sixty) if s.key == "forgetting" for b in s.blocks]
    assert "fold" in kinds
    assert "fold" not in [b.kind for s in sections(few) if s.key == "forgetting" for b in s.blocks]
    assert Page(render_html(sixty)).text.count("silo 60") > 2


@pytest.fixture(scope="module")
def crowd():
    return many(100)


@pytest.fixture(scope="module")
def crowded(crowd):
    return Page(render_html(crowd))


def test_of_many_silos_the_sure_ones_are_named_and_the_rest_is_counted(crowd, crowded):
    verdict = sections(crowd)[0]
    kinds = [block.kind for block in verdict.blocks]
    assert kinds == ["grid", "sheet", "search", "fold", "fold"]
    assert verdict.blocks[0].blocks[0].owner.startswith("All silos together")
    sheet = verdict.blocks[1]
    for question, silos, gains, loses, rest in sheet.rows:
        own = [gain for gain in crowd.gains if gain.question == question.text]
        counts = [sum(g.word is word for g in own) for word in (Word.GAINS, Word.LOSES)]
        assert [int(cell.text) for cell in (gains, loses)] == counts
        assert int(silos.text) == sum(int(cell.text) for cell in (gains, loses, rest)) == 100
        for cell, word in ((gains, Word.GAINS), (loses, Word.LOSES)):
            named = [crowd.silo_names[gain.silo - 1] for gain in own if gain.word is word]
            assert all(name in cell.note for name in named[:12])
            assert ("more" in cell.note) == (len(named) > 12)
    below = sum(gain.gain < 0 for gain in crowd.gains)
    assert str(below) not in crowded.text.partition("Gains")[0].split()


def test_every_silo_is_somewhere_and_a_script_finds_it(crowd, crowded):
    found = [attrs.get("data-silo") for _, attrs in crowded.tags if attrs.get("data-silo")]
    assert {found.count(name) >= 4 for name in crowd.silo_names} == {True}
    (script,) = [attrs for tag, attrs in crowded.tags if tag == "script"]
    assert script == {}
    (field,) = [attrs for tag, attrs in crowded.tags if attrs.get("class") == "search"]
    assert "hidden" in field  # until there is a script


def test_few_silos_need_no_script_and_have_no_fold_for_verdicts(page):
    assert not [attrs for tag, attrs in page.tags if tag in ("script", "input")]
    assert [block.kind for block in sections(findings())[0].blocks] == ["grid", "sheet"]


def test_a_report_on_many_silos_grows_with_their_number_only(crowd):
    size = len(render_html(crowd))
    assert size < 2_500_000
    assert len(render_html(many(50))) > 0.4 * size


def test_the_figures_of_many_silos_are_of_all_of_them(crowd):
    gains = next(section for section in sections(crowd) if section.key == "gains")
    shapes, lines = gains.blocks[2].blocks, gains.blocks[3].blocks[1].blocks
    for figure in lines:
        assert len(fromstring(figure.svg).findall("g")) == 100
    for figure in shapes:
        bars = fromstring(figure.svg).findall("rect")
        assert 5 < len(bars) < 80


def test_silos_stand_in_the_order_of_shrunken_estimates():
    gain = findings().gains[0]
    sizes = [(1, 0.16, 0.15), (2, 0.14, 0.001), (3, -0.14, 0.001), (4, -0.16, 0.15)]
    gains = [replace(gain, silo=s, gain=g, standard_error=e) for s, g, e in sizes]
    assert [g.silo for g in ordered(gains)] == [2, 1, 4, 3]
    unknown = replace(gain, silo=5, gain=math.nan, standard_error=math.nan)
    assert [g.silo for g in ordered([unknown, *gains])][-1] == 5


def test_ids_are_unique_where_silos_are_many(crowded):
    assert len(crowded.ids) == len(set(crowded.ids))


def test_the_matrix_of_many_silos_has_their_means_and_each_silos_own(crowd):
    matrix = next(section for section in sections(crowd) if section.key == "matrix")
    means, fold = matrix.blocks[1], matrix.blocks[2]
    assert means.columns == ("model", "whole population", "own cases")
    by_model = {row[0].text: row for row in means.rows}
    own = [s.mean for s in crowd.scores if s.test_set.startswith("own:") and s.model == "federated"]
    assert by_model["federated"][2].text == f"{100 * sum(own) / len(own):.1f}"
    (sheet,) = fold.blocks
    assert len(sheet.rows) == 100 * len(by_model)
    alone = next(r for r in sheet.rows if (r[0].text, r[1].text) == ("clinic 002", "isolated"))
    score = next(s for s in crowd.scores if (s.model, s.test_set) == ("isolated-silo-2", "own:2"))
    assert alone[3].text == f"{100 * score.mean:.1f}"


def test_ids_are_unique_and_every_reference_has_its_target(page):
    assert len(page.ids) == len(set(page.ids))
    for _, attrs in page.tags:
        for name in ("aria-labelledby", "aria-describedby"):
            assert attrs.get(name) is None or attrs[name] in page.ids
        if (attrs.get("href") or "").startswith("#"):
            assert attrs["href"][1:] in page.ids


def test_the_page_needs_nothing_else(page):
    addresses = [v for _, attrs in page.tags for k, v in attrs.items() if k in ("src", "href")]
    assert all(address.startswith(("#", "data:,")) for address in addresses)
    assert "url(" not in render_html(findings())
    assert "@import" not in render_html(findings())


def test_what_is_missing_is_a_dash_or_left_out():
    found = findings(complete=False)
    page = Page(render_html(found))
    keys = [attrs["id"] for tag, attrs in page.tags if tag == "section"]
    assert keys == [key for key in KEYS if key not in ("contributions", "forms")]
    assert "nan" not in page.text.lower().split()
    assert "None" not in page.text
    assert "–" in page.text
    assert Question.UNSEEN.value not in " ".join(
        cell.text for row in sections(found)[0].blocks[1].rows for cell in row
    )


def test_nan_is_shown_as_a_dash():
    found = findings()
    gain = replace(found.gains[0], gain=math.nan, low=math.nan, high=math.nan, p_value=math.nan)
    curve = replace(
        found.curves[0], points=tuple(replace(p, mean=math.nan) for p in found.curves[0].points)
    )
    found = replace(found, gains=(gain, *found.gains[1:]), curves=(curve, *found.curves[1:]))
    text = render_html(found)
    assert "nan" not in Page(text).text.lower().split()
    assert not re.search(r'="[^"]*\bnan\b', text)


def test_one_silo_one_class_one_round_can_be_shown():
    found = findings()
    found = replace(
        found,
        silos=found.silos[:1],
        gains=found.gains[:1],
        curves=tuple(replace(c, points=c.points[:1]) for c in found.curves[:1]),
        forgetting=found.forgetting[:1],
        confusions=(),
        budgets=(),
        qualities=(),
        scores=(),
    )
    assert Page(render_html(found)).text


def test_many_classes_give_a_list_of_mistakes_in_place_of_a_matrix():
    found = findings()
    size = 30
    counts = tuple(tuple(row * size + column for column in range(size)) for row in range(size))
    confusions = tuple(replace(c, counts=counts) for c in found.confusions)
    names = tuple(f"class {label}" for label in range(size))
    shares = tuple(replace(q, recall=(0.5,) * size) for q in found.qualities)
    silos = tuple(replace(s, label_counts=(1.0,) * size) for s in found.silos)
    rows = tuple(
        replace(f, before=(0.5,) * size, local=(0.5,) * size, after=(0.5,) * size)
        for f in found.forgetting
    )
    found = replace(
        found,
        class_names=names,
        confusions=confusions,
        qualities=shares,
        silos=silos,
        forgetting=rows,
    )
    assert "the 15 most frequent mistakes" in Page(render_html(found)).text


@pytest.mark.parametrize("complete", [True, False])
def test_json_comes_back_as_it_was(complete):
    found = findings(name=NASTY, complete=complete)
    text = to_json(found)
    assert text.endswith("}\n")
    assert text == to_json(found)
    assert from_json(text, "report.json") == found
    assert list(json.loads(text)) == [field.name for field in fields(found)]


def test_json_holds_every_name_that_is_unicode():
    for start in range(0, len(NAMES), 10):
        names = (*NAMES[start : start + 10], *"0123456789")[:10]
        back = from_json(to_json(findings(class_names=names)), "report.json")
        assert back.class_names == tuple(name.replace("\udce9", r"\udce9") for name in names)


def test_numbers_that_are_not_finite_survive_json():
    found = findings()
    odd = replace(found.gains[0], gain=math.nan, degrees_of_freedom=math.inf, detectable=-math.inf)
    text = to_json(replace(found, gains=(odd,)))
    jsonschema.validate(json.loads(text, parse_constant=pytest.fail), schema())
    back = from_json(text, "report.json").gains[0]
    assert math.isnan(back.gain)
    assert (back.degrees_of_freedom, back.detectable) == (math.inf, -math.inf)


def test_the_schema_takes_a_report_and_refuses_others():
    jsonschema.Draft202012Validator.check_schema(schema())
    content = json.loads(to_json(findings()))
    jsonschema.validate(content, schema())
    del content["gains"][0]["word"]
    with pytest.raises(jsonschema.ValidationError, match="word"):
        jsonschema.validate(content, schema())


def test_the_schema_says_what_the_fields_mean():
    descriptions = schema()["$defs"]
    assert "smallest true" in descriptions["Gain"]["description"]
    assert all(descriptions[name].get("description") for name in ("Budget", "Curve", "Regime"))


def test_the_written_schema_is_current():
    remedy = "make it again, as docs/report.md says"
    assert SCHEMA.read_text(encoding="utf-8") == json.dumps(schema(), indent=2) + "\n", remedy


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"name": 1}', '[{"regime": "isolated"}]'])
def test_foreign_and_damaged_files_are_refused(text):
    with pytest.raises(ResultsError, match=r"^old\.json is no report of fedcompare") as caught:
        from_json(text, "old.json")
    assert "\n" not in str(caught.value)


def test_a_damaged_field_is_named():
    text = to_json(findings()).replace('"question": "own cases"', '"question": "whose"', 1)
    with pytest.raises(ResultsError, match=r"gains\.0\.question"):
        from_json(text, "report.json")


def test_the_best_of_a_column_is_never_the_centralized_model():
    matrix = next(s for s in sections(findings()) if s.key == "matrix")
    sheet = next(b for b in matrix.blocks if getattr(b, "key", "") == "matrix-accuracy-whole")
    for column in range(1, len(sheet.columns)):
        best = [row for row in sheet.rows if row[column].best]
        assert best
        assert not [row for row in best if row[0].text == Regime.CENTRALIZED.value]


def test_every_measure_has_a_matrix_of_its_own():
    found = findings()
    wrong = MeasureFacts(name="wrong", higher_is_better=False)
    added = tuple(replace(score, measure=wrong.name) for score in found.scores)
    both = replace(found, measures=(*found.measures, wrong), scores=(*found.scores, *added))
    page, markdown = Page(render_html(both)), render_markdown(both)
    assert len(page.ids) == len(set(page.ids))
    one, other = (sheets(both)[f"matrix-{m}-whole"] for m in ("accuracy", "wrong"))
    assert other.caption == one.caption.replace("Accuracy", "Wrong")
    assert other.caption in page.text
    assert f"**{other.caption}**" in markdown
    for column in range(1, len(one.columns)):
        lowest = min(float(row[column].text) for row in other.rows[:-1])
        best = {float(row[column].text) for row in other.rows if row[column].best}
        assert best == {lowest}
    # Those beside the one that decides have no second one, of classes that silos have and lack.
    assert sheets(both).keys() - sheets(found).keys() == {"matrix-wrong-whole"}


def test_every_question_has_a_panel_in_its_words():
    gains = next(section for section in sections(findings()) if section.key == "gains")
    (grid,) = [block for block in gains.blocks if block.kind == "grid"]
    assert {figure.caption for figure in grid.blocks} == {row.on for row in QUESTIONS}
    asked = {row[1].text for row in sheets(findings())["gains-table"].rows}
    assert asked == {row.question.value for row in QUESTIONS}


@pytest.mark.parametrize(
    ("gain", "shown"),
    [
        (0.3052, "+30.5"),
        (-0.0052, "−0.52"),
        (0.0099, "+0.99"),
        (0.01, "+1.0"),
        (0.0, "0.00"),
        (-0.00001, "0.00"),
        (math.nan, "–"),
    ],
)
def test_gains_have_a_sign_and_enough_decimals(gain, shown):
    assert wording.points(gain) == shown


def test_units_are_those_of_people():
    assert wording.size(999) == "999 B"
    assert wording.size(7_340_000) == "7.3 MB"
    assert wording.size(2.5e15) == "2,500.0 TB"
    assert wording.duration(200) == "3 min 20 s"
    assert wording.duration(3900) == "1 h 5 min"
    assert wording.count(1236480) == "1,236,480"
    assert wording.count(12.5) == "12.5"
    assert wording.p_value(0.0123) == "0.012"


@pytest.mark.parametrize(("low", "high"), [(0, 100), (-0.75, 0.5), (0.91, 0.97), (-3, 98)])
def test_ticks_are_round_and_within(low, high):
    marks = ticks(low, high, about=5)
    assert 2 <= len(marks) <= 6
    assert all(low - 1e-9 <= mark <= high + 1e-9 for mark in marks)


def test_rendering_needs_no_heavy_library():
    heavy = {"pandas", "torch", "matplotlib", "sklearn", "scipy"}
    code = (
        "import sys, fedcompare.findings.schema, fedcompare.report.html;"
        "import fedcompare.report.markdown;"
        f"sys.exit(bool({heavy} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def without(found, label):
    """Return the same findings where the test set has no example of a class."""
    blank = lambda shares: tuple(None if c == label else s for c, s in enumerate(shares))  # noqa: E731
    return replace(
        found,
        qualities=tuple(replace(q, recall=blank(q.recall)) for q in found.qualities),
        forgetting=tuple(
            replace(f, before=blank(f.before), local=blank(f.local), after=blank(f.after))
            for f in found.forgetting
        ),
        confusions=tuple(
            replace(
                c, counts=tuple((0,) * 10 if r == label else row for r, row in enumerate(c.counts))
            )
            for c in found.confusions
        ),
    )


def sheets(found):
    """Return every sheet of a report by its key."""
    waiting, by_key = [b for section in sections(found) for b in section.blocks], {}
    while waiting:
        block = waiting.pop()
        waiting += getattr(block, "blocks", ())
        by_key |= {block.key: block} if block.kind == "sheet" else {}
    return by_key


def test_a_class_without_test_examples_has_dashes_and_is_in_no_mean():
    shown = sheets(without(findings(), 3))
    assert {row[4].text for row in shown["recall"].rows} == {"–"}
    assert {cell.text for cell in shown["confusion-1-federated"].rows[3][1:]} == {"–"}
    before = sheets(findings())["forgetting-table"].rows[0]
    assert shown["forgetting-table"].rows[0][5:6] == before[5:6]  # all equal but the missing one
    text = Page(render_html(without(findings(), 3))).text
    assert "nan" not in text.lower().split()
    assert "None" not in text


def test_a_silo_that_lacks_only_untested_classes_is_said_to():
    found = findings()
    for label in (1, 3, 7):
        found = without(found, label)
    facts = replace(found.silos[0], untested=found.silos[0].unseen)
    found = replace(found, silos=(facts, *found.silos[1:]))
    assert "classes it lacks: no test examples" in render_html(found)
    nothing = replace(found, silos=(facts,), mistakes=())
    assert "The test set has no example of the classes that silos lack." in render_html(nothing)


def test_a_regime_has_one_name_and_its_place_everywhere():
    order = list(Regime)
    for key, sheet in sheets(findings()).items():
        names = [row[0].text.partition(",")[0] for row in sheet.rows]
        regimes = [order.index(name) for name in names if name in order]
        assert regimes == sorted(regimes), key
        unequal = "budget-parts"  # what the isolated model's own budget makes of the gain
        heads = [sheet.caption, *sheet.columns] if key != unequal else []
        for head in heads:
            if head.partition(",")[0] not in order:
                assert not re.search(r"isolated(?!-equal)", head), key


def test_the_docs_and_the_report_print_the_table_that_decides():
    docs = (SCHEMA.parent / "report.md").read_text(encoding="utf-8")
    text = Page(render_html(findings())).text
    for rule in RULES:
        assert f"| {rule.word.value} | {rule.when} |" in docs
        assert f"{rule.word.value}: {rule.when}" in text
    for side, when in SIDES:
        assert f"| {side} | {when} |" in docs
        assert side not in text
        assert f"{side} where {when}" in Page(render_html(replace(findings(), margin=0.01))).text
