"""Does a person get a page from any study: finished, half run, without FID, of several
protocols?
"""

import re
import shutil
import struct
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.text import Text

from analysis.figures import training
from analysis.figures.compute import gflops
from analysis.frames import evaluations_frame, trials_frame
from analysis.report import page as report
from analysis.report import study_figures, write_report
from analysis.report.pictures import images
from analysis.report.study_data import StudyData
from scaling.records import StudyFolder
from scaling.study import EvaluationSpec, Protocol
from tests.analysis.synthetic_study import BASE, SIZES, copied, digits_like, write_study


class Page(HTMLParser):
    """The text of a page and everything it would load."""

    def __init__(self, html: str):
        super().__init__()
        self.text, self.loads, self.open = "", [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.loads += [
            value for name, value in attributes if name in ("src", "href", "srcset", "data")
        ]
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += " " + " ".join(data.split())


def fewer_samples(to: Path) -> StudyFolder:
    """A study of another protocol."""
    base = BASE.model_copy(
        update={"evaluate": EvaluationSpec(checkpoints=5, protocol=Protocol(samples=500))}
    )
    return write_study(
        to, digits_like({"size": SIZES, "model.patch": [4, 2]}, seeds=2, base=base, name="fewer")
    )


def page_of(study: StudyFolder, to: Path) -> Page:
    path = write_report(copied(study, to).folder)
    assert path.name == "report.html"
    html = path.read_text()
    page = Page(html)
    assert not page.open
    assert all(value.startswith("data:") for value in page.loads)
    assert not re.search(r"@import|url\(|https?://", html)
    return page


def test_the_page_of_a_finished_study(finished, tmp_path):
    page = page_of(finished, tmp_path)
    for part in (
        "Over 12 DiTs and 3 seeds FID falls",
        "At a fixed patch, more Gflops lower FID. Twice the Gflops: FID",
        "Not decided here: 3 more of the papers' claims",
        "FID falls at every step of width and of patch.",
        "36 completed",
        "tuned per size on held-out loss",
        "FID-1K, ddpm50, cfg 1.0, digits-cnn, vs train",
        "0.1.0+abc123",
        "torch 2.14.1",
        "one size up",
        "holds",
        "DiT, Table 4 (paper)",
        "What the trainings cost",
    ):
        assert part in page.text, part
    for trial in finished.plan().trials:
        assert trial.trial_id in page.text
    names = {
        "exponent_choices",
        "fid_bubbles",
        "fid_law",
        "fid_vs_gflops",
        "fid_vs_steps",
        "fid_vs_steps_by_size",
        "fid_vs_train_flops",
        "flops_to_quality_vs_gflops",
        "heldout_by_bin",
        "heldout_vs_steps",
        "grad_norm_vs_steps",
        "images_per_s_vs_steps",
        "loss_vs_steps",
        "metrics_vs_gflops",
        "sample_grid",
        "work_by_place",
    }
    written = {path.name for path in (tmp_path / "digits" / "figures").iterdir()}
    assert written == {f"{name}.{kind}" for kind in ("png", "svg") for name in names}
    assert sum(src.startswith("data:image/svg") for src in page.loads) >= 6
    for path in (tmp_path / "digits" / "figures").glob("*.png"):
        width, height = struct.unpack(">II", path.read_bytes()[16:24])
        assert 1000 < width < 2000
        assert 500 < height < 2000


def test_the_page_has_the_claims_and_a_comparison_where_one_is_asked(
    finished, tmp_path, monkeypatch
):
    # the study's own figures are told of above
    monkeypatch.setattr(report, "study_pictures", lambda *_: {})
    one, other = copied(finished, tmp_path / "a"), copied(finished, tmp_path / "b")
    page = Page(write_report(one.folder, other=other.folder).read_text())
    for part in (
        "At a fixed patch, more Gflops lower FID.",
        "the paper's figures",
        "−0.21 [−0.27, −0.15]",
        "F(3, 7) = 48",
        "Patch 2: not resolved; trend: multiplier ∝ training FLOPs",
        "seeds of each rung would resolve a multiplier of 1.2",
    ):
        assert part in page.text, part
    other = fewer_samples(tmp_path)
    refused = Page(write_report(one.folder, other=other.folder).read_text()).text
    assert (
        "Not compared: 2 protocols are mixed" in refused and "Patch 2: not resolved" not in refused
    )
    asked = Page(
        write_report(one.folder, other=other.folder, across_protocols=True).read_text()
    ).text
    assert (
        "Across protocols, as asked for: fewer was measured by FID-500" in asked
        and "Patch 2: not resolved" in asked
    )


def test_a_study_of_two_families_opens_with_them_at_equal_gflops(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "study_pictures", lambda *_: {})
    reference = Path(__file__).parents[3] / "results/reference/unet_vs_dit"
    one = shutil.copytree(reference, tmp_path / "unet_vs_dit")
    page = Page(write_report(one, other=copied(finished, tmp_path / "b").folder).read_text())
    opening = page.text.index("At equal Gflops the FID of ADM is 1.58 [0.442, 5.62]")
    table = page.text.index("ADM against DiT, adaln-zero", opening)
    row = re.sub(r"\s+", "", "ADM-w6x1-2-2b2a4 DiT-d2w48/2 0.000990 0.320 [0.275, 0.373]")
    assert row in re.sub(r"\s+", "", page.text[table:])
    assert page.text.count("2 recipes, each with a law of its own.") == 1
    # one side of the comparison has two recipes
    assert "Not compared: 2 recipes are mixed" in page.text


def test_two_studies_without_a_rung_in_common_are_compared_at_equal_gflops(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "study_pictures", lambda *_: {})
    taller = [size | {"model.depth": size["model.depth"] + 1} for size in SIZES[:3]]
    one = write_study(tmp_path / "a", digits_like({"size": SIZES[:3]}))
    other = write_study(tmp_path / "b", digits_like({"size": taller}))
    page = Page(write_report(one.folder, other=other.folder).read_text()).text
    assert "Not compared: no patch has two sizes that both studies completed" in page
    assert "no model of one recipe costs what one of the other does within 5%" in page


def test_trials_of_one_training_share_its_time_and_tell_once_what_they_have_in_common(tmp_path):
    """Two trainings of 10 s, each measured in three ways at five steps of 1.5 s."""
    axes = {"size": SIZES[:2], "evaluate.protocol.guidance": [1.0, 2.0, 4.0]}
    page = Page(
        write_report(write_study(tmp_path, digits_like(axes, seeds=1)).folder).read_text()
    ).text
    assert f"{(2 * 10 + 2 * 3 * 5 * 1.5) / 60:.2f} minutes, of all trials together" in page
    assert "2026-01-02T03:04:05+00:00" in page.partition("Measured")[2]
    assert page.count("Compared with") == page.count("batch 64, 500 steps") == 1
    assert "The trials differ in sampler" in page and "ddpm, 50 steps, guidance 4" in page
    assert (
        "Metrics FID, KID" in page
        and "ddpm50, cfg 2.0" in page.partition("Trials ")[2].partition("FIDs are of 3")[0]
    )
    assert (
        "FID over training; FID over training, by size; FID against training compute: not drawn, 3 "
        "protocols" in page
    )
    assert "FID on model Gflops, a power law; FID on model Gflops, with a floor; " in page
    laws = page.partition("Laws, their")[2].partition("Over training")[0]
    assert laws.count("protocols are mixed") == 1 and "across_protocols" not in laws
    assert "across_protocols=True (--across-protocols)" in page


def test_every_figure_of_a_study_has_its_place_on_the_page():
    page = "".join(
        path.read_text() for path in (Path(report.__file__).parent / "templates").glob("*.html")
    )
    assert [name for name in report.CAPTIONS if f'"{name}"' not in page] == []


def test_protocols_meet_only_where_it_is_asked_for_and_then_it_is_said(finished, tmp_path):
    """Refused by default, both named in short; with the keyword the figure itself says it, and no
    law is fitted.
    """
    other = fewer_samples(tmp_path)
    trials, evaluations = trials_frame([finished, other]), evaluations_frame([finished, other])
    both = r"\(FID-1K, ddpm50, cfg 1.0, digits-cnn, vs train; FID-500, .*across_protocols=True"
    for draw, frame in ((gflops.fid_vs_gflops, trials), (training.fid_vs_steps, evaluations)):
        with pytest.raises(ValueError, match=both):
            draw(frame)
        figure = draw(frame, across_protocols=True)
        assert figure._suptitle.get_text().endswith(", across protocols")
        told = " ".join(text.get_text() for text in figure.findobj(Text)).replace("\n", " ")
        assert (
            "different quantities" in told and "FID-500, ddpm50," in told and "Slope of" not in told
        )


def test_the_page_of_half_a_sweep(half_run, tmp_path):
    page = page_of(half_run, tmp_path)
    for part in (
        "diverged: loss nan at step 231",
        "different versions of the code: 0.1.0+def456 (1)",
        "The sweep is not finished",
        "one seed: no error",
        "not measured yet",
    ):
        assert part in page.text, part


def test_the_page_before_anything_is_measured(tmp_path):
    study = StudyFolder(tmp_path / "digits")
    study.write_plan(digits_like(seeds=1))
    page = Page(write_report(study).read_text())
    assert "Nothing is measured yet: 12 pending" in page.text
    assert (
        "FID against model Gflops: not drawn, no completed trial has a FID (12 pending)"
        in page.text
    )


def test_the_page_of_a_learning_rate_search(rates, tmp_path):
    page = page_of(rates, tmp_path)
    assert "the highest tried; optimum may lie beyond" in page.text
    assert "held-out loss alone" in page.text
    assert "FID against" not in page.text


def test_the_table_of_figures_is_what_the_pages_show_and_what_can_be_drawn(finished):
    templates = Path(report.__file__).parent / "templates"
    page = "".join(path.read_text() for path in templates.glob("*.html"))
    kinds = "vs|law|by|bin|grid|choices|profiles|bubbles"
    assert set(re.findall(rf'"([a-z_]+_(?:{kinds})[a-z_]*)"', page)) == set(report.CAPTIONS)
    assert set(report.CAPTIONS) == set(study_figures.FIGURES)
    data = StudyData(finished)
    assert set(study_figures.wanted(data)) < set(report.CAPTIONS)
    with pytest.raises(ValueError, match="no figure 'fid_vs_moon'; there are heldout_vs_lr, fid_"):
        study_figures.draw(data, "fid_vs_moon")
    with pytest.raises(ValueError, match="no kind of picture 'gif'; there are png, svg, json"):
        images(study_figures.draw(data, "fid_bubbles"), ("gif",))
