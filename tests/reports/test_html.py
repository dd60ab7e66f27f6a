import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from auditor.finding import Effect, Finding
from auditor.record import DatasetFacts, Record
from auditor.reports.glossary import GLOSSARY, with_terms
from auditor.reports.html import HEAVIEST, render_html
from auditor.reports.notebook import render_notebook
from auditor.reports.wording import fitted, width
from tests.reports.examples import images, record

VOID = {"meta", "link", "br", "hr", "img", "input", "col", "wbr"}


class Outline(HTMLParser):
    """Counts what a browser would see: elements must nest, identifiers be unique."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.content: dict[str, list[str]] = {"style": [], "script": []}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        assert len(found) == len(attrs), f"an attribute twice in {tag}"
        self.tags.append((tag, found))
        if found.get("id") is not None:
            self.ids.append(found["id"])
        if (found.get("href") or "").startswith("#"):
            self.links.append(found["href"][1:])
        if tag in self.content:
            self.content[tag].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> inside {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] in self.content:
            self.content[self.open[-1]][-1] += data


@pytest.fixture(scope="module")
def page():
    return render_html(record())


@pytest.fixture(scope="module")
def outline(page):
    return Outline(page)


def test_elements_nest_and_identifiers_are_unique(outline):
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert all(re.fullmatch(r"[^\s]+", i) for i in outline.ids)


def test_every_link_inside_leads_somewhere(outline):
    assert set(outline.links) <= set(outline.ids)
    assert len(outline.links) > 10


def test_the_policy_allows_the_own_style_and_script_and_nothing_else(outline):
    policy = next(
        a["content"]
        for t, a in outline.tags
        if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert (
        rules["default-src"] == ["'none'"]
        and rules["img-src"] == ["data:"]
        and rules["base-uri"] == ["'none'"]
    )
    (style,) = outline.content["style"]
    data, script = outline.content["script"]
    for name, text in (("style-src", style), ("script-src", script)):
        assert rules[name] == [
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        ]
    assert json.loads(data)["fingerprint"] == record().dataset.fingerprint
    assert not [a for _, a in outline.tags if "style" in a or any(name.startswith("on") for name in a)]


def test_nothing_is_asked_of_any_other_machine(outline):
    for tag, attributes in outline.tags:
        for name in ("src", "href", "srcset", "action", "poster", "data", "formaction"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/webp;base64,")), (tag, value)
    assert "url(" not in "".join(outline.content["style"]) and "@import" not in "".join(
        outline.content["style"]
    )


def test_hostile_names_are_text(page, outline):
    assert "<script>alert(1)" not in page and "<img" not in page
    assert "\u202e" not in page
    assert "U+202E" in page
    assert sum(t == "script" for t, _ in outline.tags) == 2


def test_every_drawing_has_a_text(outline):
    for tag, attributes in outline.tags:
        if tag == "svg":
            assert attributes.get("aria-hidden") == "true" or (
                attributes.get("role") == "img" and attributes.get("aria-label")
            )


def without_links(page: str) -> str:
    """The page without the links to the glossary, and with plain blanks."""
    return (
        re.sub(r'<a class="term"[^>]*>([^<]*)</a>', r"\1", page).replace("\u00a0", " ").replace("<wbr>", "")
    )


def test_terms_are_explained_where_they_occur(outline):
    terms = [
        attributes for tag, attributes in outline.tags if tag == "a" and attributes.get("class") == "term"
    ]
    assert len(terms) > 20
    assert {a["href"]: a["title"] for a in terms}["#term-recall"] == GLOSSARY["Recall"]
    assert {a["href"].removeprefix("#") for a in terms} <= set(outline.ids)


@pytest.mark.parametrize(
    "word",
    ["leaſ", "ſhift", "dıstance", "İnterval", "leakſ", "KOLMOGOROV-SMIRNOV DISTANCES", "leak" * 10_000],
)
def test_letters_that_fold_to_others_break_no_term(word):
    assert "".join(piece for piece, _ in with_terms(f"a {word} b")) == f"a {word} b"


def test_a_class_name_of_a_million_letters_is_cut_at_once():
    assert fitted("W" * 1_000_000, 23.0).startswith("W") and width(fitted("iW" * 500_000, 23.0)) <= 23.0


def test_a_hostile_text_with_a_term_stays_text():
    finding = Finding(
        code="x",
        title="t",
        summary='"><script>alert(1)</script> recall <b>leak</b>',
        affected=1,
        total=1,
        effect=Effect.counted("e", 1.0, warn_at=0.5),
    )
    page = render_html(replace(record(), findings=(finding,)))
    assert "<script>alert" not in page and "<b>leak" not in page
    assert "&lt;script&gt;alert(1)&lt;/<wbr>script&gt; " in page and ">recall</a> &lt;b&gt;<a" in page


def test_commands_in_sentences_are_set_as_code_and_a_lone_backtick_stays():
    def made(summary: str) -> str:
        effect = Effect.counted("e", 1.0, warn_at=0.5)
        finding = Finding(code="x", title="t", summary=summary, effect=effect)
        return render_html(replace(record(), findings=(finding,)))

    assert "Name it with <code>--group &lt;i&gt;</code>." in made("Name it with `--group <i>`.")
    assert "a ` b" in made("a ` b")


def test_every_part_of_a_record_is_on_the_page(page):
    page = without_links(page)
    for text in (
        "Every validation image is also a training image",
        "auditor split DATA --group slide -o OUT",
        "known and accepted",
        "R. &lt;b&gt;Viewer",
        "Slight overfitting after epoch 19",
        "best weights, epoch 19",
        "Confusion matrix, test",
        "Reliability, val",
        "no image in two parts",
        "1 of 2 claims fail",
        "rare classes alone",
        "rotate 7°",
        "notes.txt",
        "The data names no groups.",
        "numpy 2.4",
        "Glossary",
        "truncated",
    ):
        assert text in page, text


def test_a_scan_alone_is_a_page_too():
    made = replace(
        record(),
        split=None,
        split_table=None,
        split_findings=(),
        augmentation=None,
        augmented=None,
        baseline=None,
        exhibits={},
        provenance={},
        thumbnails={},
    )
    outline = Outline(render_html(made))
    assert set(outline.links) <= set(outline.ids)
    assert not {"splits", "augmentation", "baseline", "map"} & set(outline.ids)


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (("cat", "dog"), "Fit to train on: 1 check passed"),
        (("cat",), "No classifier can be trained on this data, which has one class alone"),
        ((), "No classifier can be trained on this data, which has no labels"),
    ],
)
def test_an_audit_that_found_nothing(classes, said):
    table = images(4).assign(label="", split="", group="", status="ok")
    facts = DatasetFacts(
        name="x",
        kind="images",
        location="x",
        fingerprint="0" * 64,
        images=4,
        unreadable=0,
        ignored=0,
        classes=classes,
    )
    passed = Finding(
        code="dark",
        title="No image is dark",
        summary="None of 4.",
        effect=Effect.counted("share", 0.0, warn_at=0.1, unit="share"),
        total=4,
    )
    text = render_html(Record(dataset=facts, findings=(passed,), images=table))
    assert said in text and "What next" in text
    assert "No open finding." in text
    assert ("Fit to train on" in text) == (len(classes) > 1)


def test_without_pictures_their_names_stand():
    made = record()
    text = render_html(made, images=False)
    assert "data:image" not in text
    assert made.images["path"][0] in text


def test_a_report_is_never_heavy():
    n = 3000
    table = images(n)
    table["label"] = [f"a class with a long name {'x' * 200} {i % 1500}" for i in range(n)]
    noise = {p: np.random.default_rng(i).bytes(30_000) for i, p in enumerate(table["path"][:600])}
    examples = pd.DataFrame(
        {"path": table["path"][:600], "label": table["label"][:600], "split": "train", "score": 1.0}
    )
    findings = tuple(
        Finding(
            code="dark",
            scope=f"s{i}",
            title="t" * 5000,
            summary="s" * 5000,
            effect=Effect.counted("e", 1.0, warn_at=0.5),
            examples=examples[i : i + 30],
        )
        for i in range(400)
    )
    made = replace(
        record(),
        images=table,
        findings=findings,
        thumbnails=noise,
        dataset=replace(record().dataset, classes=tuple(sorted(set(table["label"])))),
    )
    text = render_html(made)
    assert len(text.encode()) <= HEAVIEST
    assert "250 further findings stand in audit.json" in text
    assert "pictures did not fit and are named instead" in text


def test_the_notebook_shows_open_findings_and_escapes():
    text = render_notebook(record())
    assert "blood &lt;cells&gt;" in text and "split-leak:train-val" in text and "blurry" not in text


def test_kept_splits_do_not_repeat_their_findings():
    made = record()
    same = replace(made, split_findings=made.findings[:1])
    assert "1 of 1 say what they said above" in render_html(same)
    other = replace(
        made.findings[0], effect=Effect.counted("leaked share", 0.1, warn_at=0.0, error_at=0.0, unit="share")
    )
    assert 'id="planned-split-leak:train-val"' in render_html(replace(made, split_findings=(other,)))


@pytest.mark.parametrize("images", [True, False])
def test_a_strict_parser_finds_no_error(images):
    html5lib = pytest.importorskip("html5lib", reason="html5lib is not installed")
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(render_html(record(), images=images))
    assert parser.errors == []
