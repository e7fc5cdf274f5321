#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Check pages of `make report` in headless Chromium.

    report_page.py DIRECTORY SHOTS     DIRECTORY has empty/, good/, parts-failed/ and results/
                                    screenshots go to SHOTS

Prints TAP: one line for each check, and the problem after a failure.
"""
import base64
import json
import pathlib
import re
import shutil
import sys
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--hide-scrollbars")
SIZE_MOST = 5_000_000
DESKTOP, PHONE = (1280, 900), (360, 740)
LOCAL = ("file:", "data:", "blob:", "about:", "chrome:")
CELL = "store/load/nested/none/aliases"


RESULTS = []


def report_check(good, name, wrong=""):
    RESULTS.append(bool(good))
    print(f"{'ok' if good else 'not ok'} {len(RESULTS)} - {name}", flush=True)
    if not good:
        print("# " + str(wrong)[:600].replace("\n", "\n# "), flush=True)


class Browser:
    """One Chromium process; it opens pages one after the other."""

    def __init__(self, profile):
        options = Options()
        options.binary_location = shutil.which("chromium")
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")),
                                       options=options)
        self.driver.set_page_load_timeout(120)

    def set_size_and_scheme(self, size, scheme):
        width, height = size
        self.send_command("Emulation.setDeviceMetricsOverride", width=width, height=height,
                          deviceScaleFactor=1, mobile=width < 500)
        self.send_command("Emulation.setEmulatedMedia",
                          features=[{"name": "prefers-color-scheme", "value": scheme}])

    def send_command(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def open_page(self, path, fragment=""):
        self.driver.get("about:blank")
        self.take_console_messages(), self.take_network_requests()
        self.driver.get(f"{pathlib.Path(path).resolve().as_uri()}{fragment}")
        self.wait_until(lambda _: self.run_script("return document.documentElement.hasAttribute('data-ready')"))

    def wait_until(self, condition):
        return WebDriverWait(self.driver, 60, 0.05).until(condition)

    def run_script(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def take_console_messages(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def take_network_requests(self):
        """Requests that went to the network."""
        events = (json.loads(entry["message"])["message"]
                  for entry in self.driver.get_log("performance"))
        urls = [event["params"]["request"]["url"] for event in events
                if event["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(LOCAL)]

    def find_one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def read_text(self, selector):
        return self.run_script("return document.querySelector(arguments[0])?.textContent", selector)

    def read_texts(self, selector):
        return self.run_script("return [...document.querySelectorAll(arguments[0])]"
                               ".map((e) => e.textContent)", selector)

    def read_figure(self, name):
        return int((self.read_text(f"[data-figure={name}]") or "-1").replace(",", ""))

    def read_part_state(self, part):
        return self.run_script("return document.getElementById(`part-${arguments[0]}`)?.dataset.state",
                               part)

    def save_screenshot(self, path):
        """Take a screenshot of the whole page."""
        size = self.send_command("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "scale": 1, "width": size["width"],
                "height": min(size["height"], 8000)}
        shot = self.send_command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def check_silent(self, name):
        said = self.take_console_messages()
        report_check(not said, f"{name}: no message on the console", said)
        asked = self.take_network_requests()
        report_check(not asked, f"{name}: nothing is asked of a network", asked)


# ---- each check can fail ----

def check_that_checks_work(browser, page):
    browser.open_page(page)
    browser.run_script("console.warn('heard'); new Image().src = 'http://127.0.0.1:9/x.png';"
                       "fetch('http://127.0.0.1:9/').catch(() => 0)")
    time.sleep(0.3)
    said = " ".join(browser.take_console_messages())
    report_check("heard" in said, "a warning would be heard", said)
    report_check("Content Security Policy" in said, "the page forbids itself what is not in it", said)


# ---- pages ----

def check_empty(browser, directory):
    browser.open_page(directory / "index.html")
    browser.check_silent("nothing was run")
    report_check(browser.read_text(".verdict h1") == "Incomplete", "nothing was run: incomplete",
                 browser.read_text(".verdict"))
    states = browser.run_script("return [...document.querySelectorAll('.overview tbody tr')]"
                                ".map((r) => [r.dataset.part, r.textContent])")
    wrong = [part for part, text in states if "not run" not in text]
    report_check(len(states) == 13 and not wrong, "nothing was run: every part says so", states)


def check_failed(browser, directory):
    browser.open_page(directory / "index.html")
    browser.check_silent("parts failed")
    line = browser.read_text("#verdict-line")
    report_check("1 aim of speed missed" in line, "missed thresholds are shown", line)
    report_check(browser.read_text(".verdict h1") == "Failed" and "Failed: " in line and
                 "The race matrix" in line and "Replay" in line, "a part that failed fails it all", line)
    report_check(browser.read_part_state("race") == "failed"
                 and browser.read_part_state("replay") == "failed" and
                 browser.read_part_state("rules") == "good", "parts that failed are marked, others are not")
    report_check(browser.read_part_state("stress-long") == "failed"
                 and "--seed=7" in browser.read_text("#part-stress-long") and
                 browser.read_part_state("mutants") == "failed"
                 and "40.0 %, wanted 90 %" in browser.read_text("#part-mutants"),
                 "a failed long run and too few killed mutants are failures",
                 (browser.read_text("#part-stress-long"), browser.read_text("#part-mutants")))
    report_check(browser.read_part_state("bugs") == "unreadable" and "annot be read: Seeded bugs" in line,
                 "unreadable results are shown", line)
    report_check(browser.read_text('[data-pair="store/load"]').startswith("\u2715"),
                 "an unpredicted cell is marked in its pair",
                 browser.read_text('[data-pair="store/load"]'))
    click(browser, "#wrong button")
    browser.wait_until(lambda b: browser.find_all(f'#cell[data-ready="{CELL}"]'))
    report_check("\u25cb missed" in browser.read_text("#cell")
                 and "not as predicted" in browser.read_text("#cell"),
                 "... and is listed, to be opened", browser.read_text("#cell"))


def count_expected_figures(results):
    """The figures that the page must show, counted from the results."""
    def read_results(name):
        return json.loads((results / f"{name}.json").read_text())
    race, fuzz = read_results("race"), read_results("fuzz")
    programs = {p["file"]: p for b in ("direct", "alias") for p in read_results("rules").get(b, [])}
    replay = read_results("replay")["runs"]
    return {
        "race-cells": len(race["matrix"]),
        "race-races": sum(c["expect"] == "data-race" for c in race["matrix"]),
        "race-detectors": len(race["detectors"]),
        "race-false_alarms": sum(d["false_alarms"] for d in race["detectors"]),
        "race-wrong": sum(not c["as_predicted"] for c in race["matrix"]),
        "rules-programs": len(programs),
        "rules-breaking": sum(bool(p["verdict"]) for p in programs.values()),
        "stress-operations": sum(r["operations"] for r in read_results("stress")["rows"]),
        "stress-runs": len(read_results("stress")["rows"]),
        "stress-long-runs": 3, "stress-long-operations": 3000000, "stress-long-failed": 0,
        "mutants-looked": 23, "mutants-killed": 19, "mutants-survived": 1,
        "mutants-equivalent": 3,
        "fuzz-executions": sum(t["executions"] for t in fuzz["targets"]),
        "fuzz-findings": 0,
        "replay-trials": sum(f["inputs"] for run in replay for f in run["flavours"]),
        "coverage-lines": 1200, "coverage-corpus": 900, "coverage-all": 1080,
        "bugs-bugs": 3, "bugs-killed": 3, "bugs-clean": 0,
        "smoke-stages": 2, "bench-figures": 2,
        "bench-aims": 2, "bench-met": 1, "findings-failures": 0,
    }


def check_numbers(browser, results):
    shown = {name: browser.read_figure(name) for name in count_expected_figures(results)}
    wrong = {k: (v, shown[k]) for k, v in count_expected_figures(results).items() if shown[k] != v}
    report_check(not wrong, "figures are those of the results", wrong)
    race = json.loads((results / "race.json").read_text())
    pairs = {}
    for cell in race["matrix"]:
        pair = pairs.setdefault(f"{cell['first']}/{cell['second']}", [0, 0])
        pair[0] += cell["expect"] == "data-race"
        pair[1] += 1
    expected = {pair: f"{races}of {cells}" for pair, (races, cells) in pairs.items()}
    shown = browser.run_script("return Object.fromEntries([...document.querySelectorAll('[data-pair]')]"
                               ".map((b) => [b.dataset.pair, b.textContent]))")
    report_check(shown == expected, "each pair of the matrix has its races and cells",
                 {k: (v, shown.get(k)) for k, v in expected.items() if shown.get(k) != v})
    detector = race["detectors"][0]
    row = browser.read_texts(f"#part-race tr[data-row={detector['name']}] td")[:5]
    wanted = [f"{detector[k]:,}" for k in ("cells", "repeat", "races", "caught", "missed")]
    report_check(row == wanted, "the detector's row is that of the results", (row, wanted))


def click(browser, selector):
    browser.run_script("arguments[0].scrollIntoView({block: 'center'})", browser.find_one(selector))
    browser.find_one(selector).click()


def check_cell(browser, results):
    cell = next(c for c in json.loads((results / "race.json").read_text())["matrix"]
                if c["cell"] == CELL)
    click(browser, '[data-pair="store/load"]')
    click(browser, f'[data-cell="{CELL}"]')
    browser.wait_until(lambda b: browser.find_all(f'#cell[data-ready="{CELL}"]'))
    report_check(browser.read_text("#cell .program") == cell["program"],
                 "a click on a cell shows its program",
                 browser.read_text("#cell .program"))
    drawing = browser.read_text("#cell .drawing")
    report_check("data-race (R3" in drawing and "store(k0, 0x40, 0x40, 0x11)" in drawing,
                 "... and what happens in it", drawing)
    answers = {name: f"{a['reported']:,} of {a['runs']:,}" for name, a in cell["detectors"].items()}
    shown = {name: browser.read_texts(f"#cell tr[data-row={name}] td")[1] for name in answers}
    report_check(shown == answers, "... and what each detector said", (shown, answers))
    ActionChains(browser.driver).move_to_element(browser.find_one('[data-pair="store/store"]')).perform()
    tip = browser.find_one("#tip")
    report_check(tip.is_displayed() and "store then store" in tip.text, "hovering shows the cell", tip.text)
    browser.find_one('[data-pair="store/load"]').send_keys(Keys.ARROW_RIGHT, Keys.ENTER)
    said = browser.read_text("#pair h3")
    report_check(said == "store then store", "arrows and Enter do what the pointer does", said)


def check_detector(browser, results):
    race = json.loads((results / "race.json").read_text())
    name = race["detectors"][0]["name"]
    caught = sum(c["expect"] == "data-race" and c["detectors"][name]["reported"] > 0
                 for c in race["matrix"])
    browser.run_script("const s = document.getElementById('detector'); s.value = arguments[0];"
                       "s.dispatchEvent(new Event('change'))", name)
    shown = sum(int(re.match(r"\d+", text)[0]) for text in browser.read_texts("[data-pair]"))
    report_check(shown == caught, "the matrix of a detector has what it caught", (shown, caught))


def check_parts(browser):
    count = len(browser.find_all("#part-fuzz svg .curve"))
    report_check(count >= 1, "coverage over time is drawn", count)
    links = browser.run_script("return [...document.querySelectorAll('#part-coverage a')].map((a) => a.href)")
    there = [pathlib.Path(link.removeprefix("file://")).is_file() for link in links]
    report_check(len(links) == 2 and all(there), "llvm-cov's pages are linked, and there", links)
    browser.run_script("document.querySelector('#part-rules details').open = true")
    click(browser, '[data-program="bounds"]')
    browser.wait_until(lambda b: browser.find_all('#rule-program[data-ready="bounds"]'))
    report_check("PAGE_SIZE" in browser.read_text("#rule-program .program"), "a rule's program opens")
    hostile = browser.run_script("return [document.images.length, document.title]")
    report_check(hostile[0] == 0 and hostile[1] != "broken", "text of data stays text", hostile)
    report_check("<img src=x" in browser.read_text("#part-bench"), "... and is shown as it is")
    browser.run_script("const f = document.querySelector('#part-bugs input'); f.closest('details').open = true;"
                       "f.value = 'bounds-two'; f.dispatchEvent(new Event('input'))")
    left = browser.run_script("return [...document.querySelectorAll('#part-bugs .high tbody tr')]"
                              ".filter((r) => !r.hidden).map((r) => r.dataset.row)")
    report_check(left == ["bounds-two"], "tables can be searched", left)


def check_failures(browser, directory):
    browser.open_page(directory / "index.html")
    browser.check_silent("a finding")
    report_check(browser.read_part_state("findings") == "failed", "a failure after triage fails")
    files = browser.run_script("return Object.fromEntries([...document.querySelectorAll('.failure pre')]"
                               ".map((p) => [p.dataset.file, p.textContent]))")
    report_check("expect data-race" in files.get("minimised.page", "") and
                 "int main(void)" in files.get("reproduce.c", "") and "a drawing" in
                 files.get("explanation.txt", ""), "its program, its C file and its drawing are there", files)


def check_looks(browser, page, shots):
    paper = {}
    for scheme, sizes in (("light", (DESKTOP, PHONE)), ("dark", (DESKTOP,))):
        for size in sizes:
            name = "-phone" if size == PHONE else ""
            browser.set_size_and_scheme(size, scheme)
            browser.open_page(page, f"#race/{CELL}")
            browser.wait_until(lambda b: browser.find_all("#cell[data-ready]"))
            if name:
                browser.run_script("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
            width = browser.run_script("return document.documentElement.scrollWidth")
            report_check(width <= size[0], f"{scheme}, {size[0]} pixels: no scrolling to the side", width)
            browser.save_screenshot(shots / f"report-{scheme}{name}.png")
            browser.check_silent(f"{scheme}, {size[0]} pixels")
        paper[scheme] = browser.run_script("return getComputedStyle(document.body).backgroundColor")
    report_check(paper["light"] != paper["dark"], "dark is another one than light", paper)
    browser.set_size_and_scheme(DESKTOP, "light")
    browser.open_page(page)
    browser.run_script("document.documentElement.dataset.opened = '';"
                       "addEventListener('beforeprint', () => { document.documentElement.dataset.opened ="
                       " document.querySelectorAll('details:not([open])').length; })")
    printed = base64.b64decode(browser.send_command("Page.printToPDF", preferCSSPageSize=True)["data"])
    (shots / "report.pdf").write_bytes(printed)
    closed = browser.run_script("return document.documentElement.dataset.opened")
    report_check(printed.startswith(b"%PDF") and closed == "0", "on paper nothing is folded", closed)


def check_size(browser, page):
    size = page.stat().st_size
    report_check(size < SIZE_MOST, f"it is below 5 MB: {size / 1e6:.2f} MB", size)
    browser.open_page(page)
    took = browser.run_script("return performance.getEntriesByType('navigation')[0].loadEventEnd")
    print(f"# it opened in {took:.0f} ms", flush=True)


def main(directory, shots):
    directory, shots = pathlib.Path(directory), pathlib.Path(shots)
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        try:
            browser.set_size_and_scheme(DESKTOP, "light")
            check_that_checks_work(browser, directory / "empty" / "index.html")
            check_empty(browser, directory / "empty")
            page = directory / "good" / "index.html"
            check_size(browser, page)
            browser.check_silent("all was run")
            report_check(browser.read_text(".verdict h1") == "Sound", "all was run: sound",
                         browser.read_text(".verdict"))
            check_numbers(browser, directory / "results")
            check_cell(browser, directory / "results")
            check_detector(browser, directory / "results")
            check_parts(browser)
            browser.check_silent("all was run, and clicked")
            check_failed(browser, directory / "parts-failed")
            check_failures(browser, directory / "finding")
            check_looks(browser, page, shots)
        finally:
            browser.driver.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
    print(f"1..{len(RESULTS)}")
    sys.exit(not all(RESULTS))
