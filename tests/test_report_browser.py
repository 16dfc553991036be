"""The HTML report in a real browser: alone, without errors, readable at every width."""

import base64
import json
import os
import re
import shutil
from itertools import pairwise

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys

from fedcompare.report.html import render_html
from made_up_findings import NASTY, findings, many

PHONE, DESKTOP = (360, 740), (1280, 800)
THEMES = ("light", "dark")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# A colour as the browser computes it may be of any space; one pixel of a canvas is plain RGB.
CONTRASTS = """
const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgb = (colours) => {
  context.globalCompositeOperation = 'source-over';
  for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const luminance = (colour) => {
  const [r, g, b] = colour.map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const grounds = (element) => {
  const stack = [];
  for (let e = element; e; e = e.parentElement) stack.unshift(getComputedStyle(e).backgroundColor);
  return ['Canvas', ...stack];
};
document.querySelectorAll('details').forEach(e => e.open = true);
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || ['title', 'desc'].includes(element.tagName)) continue;
  const style = getComputedStyle(element);
  const behind = grounds(element);
  const ink = element instanceof SVGElement ? style.fill : style.color;
  const pair = [luminance(rgb([...behind, ink])), luminance(rgb(behind))].sort((a, b) => b - a);
  found.push([(pair[0] + 0.05) / (pair[1] + 0.05), walker.currentNode.data.trim()]);
}
return found;
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report whose texts try to be markup, as a file."""
    found = findings(name=NASTY, class_names=("0", NASTY, *"23456789"))
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(found), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """A browser of this module's own; without one, CI fails and others skip."""
    programs = shutil.which("chromium"), shutil.which("chromedriver")
    if None in programs:
        reason = "needs the programs chromium and chromedriver (Debian packages of these names)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    profile = tmp_path_factory.mktemp("chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(executable_path=programs[1]))
    yield driver
    driver.quit()


@pytest.fixture
def show(chromium, report):
    """Return `show(size, theme, media="screen") -> driver` with the report freshly loaded."""

    def load(size=DESKTOP, theme="light", media="screen"):
        features = [{"name": "prefers-color-scheme", "value": theme}]
        chromium.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"media": media, "features": features}
        )
        screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        chromium.get(report.as_uri())
        return chromium

    return load


def test_the_page_asks_for_nothing_but_itself_and_reports_no_error(show, chromium, report):
    chromium.get("about:blank")
    for log in ("browser", "performance"):
        chromium.get_log(log)  # what the browser's own first page did is not ours
    driver = show()
    assert driver.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = {
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    }
    assert asked - {"data:,"} == {report.as_uri()}


def test_text_from_the_findings_is_only_text(show):
    driver = show()
    assert driver.execute_script("return document.scripts.length") == 0
    assert driver.execute_script("return document.querySelector('h1').textContent").startswith(
        NASTY
    )
    assert NASTY in driver.title


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_all_sections_are_visible_and_the_page_never_scrolls_sideways(show, size, theme):
    driver = show(size, theme)
    seen = driver.execute_script(
        "return [...document.querySelectorAll('section')].map(e => "
        "[e.id, e.checkVisibility(), e.getBoundingClientRect().height])"
    )
    assert len(seen) == 14
    assert all(visible and height > 60 for _, visible, height in seen)
    driver.execute_script("document.querySelectorAll('details').forEach(e => e.open = true)")
    width, client = driver.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert width <= client <= size[0]
    beyond = driver.execute_script(
        "return [...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, pre')"
        " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 99))"
    )
    assert beyond == []


@pytest.mark.parametrize("theme", THEMES)
def test_all_text_has_enough_contrast(show, theme):
    found = show(DESKTOP, theme).execute_script(CONTRASTS)
    assert len(found) > 1000
    assert [pair for pair in found if pair[0] < 4.5] == []


def test_the_themes_differ(show):
    colour = "return getComputedStyle(document.body).backgroundColor"
    grounds = {show(DESKTOP, theme).execute_script(colour) for theme in THEMES}
    assert len(grounds) == 2


def test_text_in_pictures_stays_readable_and_inside_on_a_phone(show):
    small, outside = show(PHONE).execute_script(
        "const texts = [...document.querySelectorAll('svg text')];"
        "const scale = e => e.ownerSVGElement.getScreenCTM().a;"
        "const out = e => { const b = e.getBBox(), v = e.ownerSVGElement.viewBox.baseVal;"
        "  return b.x < -1 || b.y < -1 || b.x + b.width > v.width + 1"
        "    || b.y + b.height > v.height + 1; };"
        "const size = e => parseFloat(getComputedStyle(e).fontSize) * scale(e);"
        "return [texts.filter(e => size(e) < 10).length,"
        " texts.filter(out).map(e => e.textContent)]"
    )
    assert small == 0
    assert outside == []


def test_pictures_have_names(show):
    nodes = show().execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    images = [n for n in nodes if n.get("role", {}).get("value") == "image" and not n["ignored"]]
    number = show().execute_script("return document.querySelectorAll('svg').length")
    assert number >= 10
    assert len(images) >= number
    assert all(node["name"]["value"] for node in images)


def test_headings_have_an_order_and_the_page_has_landmarks(show):
    driver = show()
    levels = driver.execute_script(
        "return [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(e => +e.tagName[1])"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for landmark in ("header", "main", "nav[aria-label]", "footer"):
        assert len(driver.find_elements("css selector", landmark)) == 1
    assert driver.execute_script("return document.documentElement.lang") == "en"


def test_tables_have_captions_and_scopes(show):
    lacking = show().execute_script(
        "return [...document.querySelectorAll('table')].filter(t => !t.caption"
        " || !t.caption.textContent.trim() || ![...t.tHead.rows[0].cells].every("
        "   c => c.tagName === 'TH' && c.scope === 'col')"
        " || ![...t.tBodies[0].rows].every(r => r.cells[0].tagName === 'TH'"
        "   && r.cells[0].scope === 'row')).length"
    )
    assert lacking == 0


def test_the_keyboard_reaches_the_verdict_and_everything_that_scrolls(show):
    driver = show(PHONE)
    focused = "return document.activeElement"
    driver.find_element("tag name", "body").send_keys(Keys.TAB)
    skip = driver.execute_script(focused)
    assert skip.get_attribute("class") == "skip"
    assert driver.execute_script("return arguments[0].getBoundingClientRect().top >= 0", skip)
    skip.send_keys(Keys.ENTER)
    assert driver.execute_script(focused).get_attribute("id") == "main"
    driver.execute_script("document.querySelectorAll('details').forEach(e => e.open = true)")
    unreachable = driver.execute_script(
        "return [...document.querySelectorAll('main *')].filter(e => e.scrollWidth > e.clientWidth"
        " && getComputedStyle(e).overflowX === 'auto' && !(e.tabIndex === 0"
        " && (e.ariaLabel || e.ariaLabelledByElements?.length))).map(e => e.outerHTML.slice(0, 99))"
    )
    assert unreachable == []
    region = driver.find_element("css selector", ".scroll")
    region.send_keys(Keys.ARROW_RIGHT)
    outline = driver.execute_script("return getComputedStyle(arguments[0]).outlineStyle", region)
    assert outline == "solid"


def typed(driver, text):
    """Type into the field that finds silos; return what is to be seen of each kind."""
    field = driver.find_element("css selector", ".search input")
    field.clear()
    field.send_keys(text)
    return driver.execute_script(
        "const seen = (css) => [...document.querySelectorAll(css)].filter(e => e.checkVisibility()"
        "  && getComputedStyle(e).display !== 'none').map(e => e.dataset.silo);"
        "return {cards: seen('#verdict .card[data-silo]'), rows: seen('#verdict tr[data-silo]'),"
        "  lines: seen('#gains g[data-silo]'),"
        "  said: document.querySelector('.search output').textContent}"
    )


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_one_of_many_silos_is_found_by_its_name(chromium, tmp_path, size):
    path = tmp_path / "report.html"
    path.write_text(render_html(many(100)), encoding="utf-8")
    screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "screen", "features": []})
    chromium.get("about:blank")
    chromium.get_log("browser")
    chromium.get(path.as_uri())
    assert typed(chromium, "")["cards"] == []  # closed until somebody asks
    found = typed(chromium, "MARY'S 014")
    assert found["cards"] == ["St. Mary's 014"]
    assert found["rows"] == found["lines"] == ["St. Mary's 014"] * 2
    assert found["said"] == "1 of them"
    assert typed(chromium, "nowhere") == {"cards": [], "rows": [], "lines": [], "said": "0 of them"}
    assert typed(chromium, "mary")["said"] == "14 of them"
    chromium.execute_script("document.querySelectorAll('details').forEach(e => e.open = true)")
    width, client = chromium.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert width <= client <= size[0]
    assert chromium.get_log("browser") == []


def test_many_silos_can_be_read_without_a_script(chromium, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(render_html(many(100)), encoding="utf-8")
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        chromium.get(path.as_uri())
        assert not chromium.find_element("css selector", ".search").is_displayed()
        fold = chromium.find_element("css selector", "#verdict details summary")
        fold.send_keys(Keys.ENTER)
        assert chromium.find_element("css selector", "#verdict .card[data-silo]").is_displayed()
    finally:
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_paper_shows_all(show):
    driver = show((700, 1000), media="print")
    hidden, clipped = driver.execute_script(
        "return [[...document.querySelectorAll('details table')].filter("
        "   e => !e.checkVisibility({contentVisibilityAuto: true})"
        "     || e.getBoundingClientRect().height < 20).length,"
        " [...document.querySelectorAll('table, pre')].filter("
        "   e => e.getBoundingClientRect().right > innerWidth + 1).map("
        "   e => [e.innerText.slice(0, 60), e.getBoundingClientRect().right])]"
    )
    assert hidden == 0
    assert clipped == []
    printed = driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"]
    content = base64.b64decode(printed)
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 5
