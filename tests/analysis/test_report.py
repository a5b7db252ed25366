"""Does a person get figures and a page from any study: finished, half run, without FID?"""

import re
import shutil
import struct
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.text import Text

from analysis import report
from analysis.draw import begin, save, study_pictures
from analysis.figures import gflops, published, training
from analysis.frames import curves_frame, evaluations_frame, trials_frame
from analysis.helper import LOST, helper
from analysis.report import write_report
from analysis.sample_grid import sample_grid
from scaling.records import StudyFolder
from scaling.study import EvaluationSpec, Protocol
from tests.analysis.synthetic_study import BASE, SIZES, digits_like, law, write_study


class Page(HTMLParser):
    """The text of a page and everything it would load."""

    def __init__(self, html: str):
        super().__init__()
        self.text, self.loads, self.open = "", [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.loads += [value for name, value in attributes if name in ("src", "href", "srcset", "data")]
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += " " + " ".join(data.split())


def copied(study: StudyFolder, to: Path) -> StudyFolder:
    """A copy to write into: the fixtures are shared."""
    shutil.copytree(study.folder.parent, to, dirs_exist_ok=True)
    return StudyFolder(to / study.folder.name)


def fewer_samples(to: Path) -> StudyFolder:
    """A study of another protocol."""
    base = BASE.model_copy(update={"evaluate": EvaluationSpec(checkpoints=5, protocol=Protocol(samples=500))})
    return write_study(to, digits_like({"size": SIZES, "model.patch": [4, 2]}, seeds=2, base=base, name="fewer"))


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
    for part in ("Over 12 DiTs and 3 seeds FID falls", "Of 8 claims of the papers 3 hold here (“At a fixed patch,",
                 "FID falls at every step of width and of patch.", "36 completed",
                 "tuned per size on held-out loss", "FID-1K, ddpm50, cfg 1.0, digits-cnn, vs train", "0.1.0+abc123",
                 "torch 2.14.1", "one size up", "holds", "DiT, Table 4 (paper)", "What the trainings cost"):
        assert part in page.text, part
    for trial in finished.plan().trials:
        assert trial.trial_id in page.text
    names = {"exponent_choices", "fid_bubbles", "fid_law", "fid_vs_gflops", "fid_vs_steps", "fid_vs_steps_by_size",
             "fid_vs_train_flops", "heldout_by_bin", "heldout_vs_steps", "grad_norm_vs_steps", "images_per_s_vs_steps",
             "loss_vs_steps", "metrics_vs_gflops", "sample_grid"}
    written = {path.name for path in (tmp_path / "digits" / "figures").iterdir()}
    assert written == {f"{name}.{kind}" for kind in ("png", "svg") for name in names}
    assert sum(src.startswith("data:image/svg") for src in page.loads) >= 6
    for path in (tmp_path / "digits" / "figures").glob("*.png"):
        width, height = struct.unpack(">II", path.read_bytes()[16:24])
        assert 1000 < width < 2000
        assert 500 < height < 2000


def test_the_page_has_the_claims_and_a_comparison_where_one_is_asked(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "study_pictures", lambda *_: {})  # the study's own figures are told of above
    one, other = copied(finished, tmp_path / "a"), copied(finished, tmp_path / "b")
    page = Page(write_report(one.folder, other=other.folder).read_text())
    for part in ("At a fixed patch, more Gflops lower FID.", "the paper's figures", "−0.19 [−0.25, −0.14]",
                 "F(2, 8) = 70", "Patch 2: not resolved; trend: multiplier ∝ training FLOPs",
                 "seeds of each rung would resolve a multiplier of 1.2"):
        assert part in page.text, part
    other = fewer_samples(tmp_path)
    refused = Page(write_report(one.folder, other=other.folder).read_text()).text
    assert "Not compared: 2 protocols are mixed" in refused and "Patch 2: not resolved" not in refused
    asked = Page(write_report(one.folder, other=other.folder, across_protocols=True).read_text()).text
    assert "Across protocols, as asked for: fewer was measured by FID-500" in asked and "Patch 2: not resolved" in asked


def test_trials_of_one_training_share_its_time_and_tell_once_what_they_have_in_common(tmp_path):
    """Two trainings of 10 s, each measured in three ways at five steps of 1.5 s."""
    axes = {"size": SIZES[:2], "evaluate.protocol.guidance": [1.0, 2.0, 4.0]}
    page = Page(write_report(write_study(tmp_path, digits_like(axes, seeds=1)).folder).read_text()).text
    assert f"{(2 * 10 + 2 * 3 * 5 * 1.5) / 60:.2f} minutes, of all trials together" in page
    assert "2026-01-02T03:04:05+00:00" in page.partition("Measured")[2]
    assert page.count("Compared with") == page.count("batch 64, 500 steps") == 1
    assert "The trials differ in sampler" in page and "ddpm, 50 steps, guidance 4" in page
    assert "Metrics FID, KID" in page and "ddpm50, cfg 2.0" in page.partition("Trials ")[2].partition("FIDs are of 3")[0]
    assert "FID over training; FID over training, by size; FID against training compute: not drawn, 3 protocols" in page
    assert "FID on model Gflops, a power law; FID on model Gflops, with a floor; " in page
    laws = page.partition("Laws, their")[2].partition("Samples")[0]
    assert laws.count("protocols are mixed") == 1 and "across_protocols" not in laws
    assert "across_protocols=True (--across-protocols)" in page


def test_every_figure_of_a_study_has_its_place_on_the_page():
    page = "".join(path.read_text() for path in (Path(report.__file__).parent / "page").glob("*.html"))
    assert [name for name in report.CAPTIONS if f'"{name}"' not in page] == []


def test_protocols_meet_only_where_it_is_asked_for_and_then_it_is_said(finished, tmp_path):
    """Refused by default, both named in short; with the keyword the figure itself says it, and no law is fitted."""
    other = fewer_samples(tmp_path)
    trials, evaluations = trials_frame([finished, other]), evaluations_frame([finished, other])
    both = r"\(FID-1K, ddpm50, cfg 1.0, digits-cnn, vs train; FID-500, .*across_protocols=True"
    for draw, frame in ((gflops.fid_vs_gflops, trials), (training.fid_vs_steps, evaluations)):
        with pytest.raises(ValueError, match=both):
            draw(frame)
        figure = draw(frame, across_protocols=True)
        assert figure._suptitle.get_text().endswith(", across protocols")
        told = " ".join(text.get_text() for text in figure.findobj(Text)).replace("\n", " ")
        assert "different quantities" in told and "FID-500, ddpm50," in told and "Slope of" not in told


def test_the_page_of_half_a_sweep(half_run, tmp_path):
    page = page_of(half_run, tmp_path)
    for part in ("diverged: loss nan at step 231", "different versions of the code: 0.1.0+def456 (1)",
                 "The sweep is not finished", "one seed: no error", "not measured yet"):
        assert part in page.text, part


def test_the_page_before_anything_is_measured(tmp_path):
    study = StudyFolder(tmp_path / "digits")
    study.write_plan(digits_like(seeds=1))
    page = Page(write_report(study).read_text())
    assert "Nothing is measured yet: 12 pending" in page.text
    assert "FID against model Gflops: not drawn, no completed trial has a FID (12 pending)" in page.text


def test_the_page_of_a_learning_rate_search(rates, tmp_path):
    page = page_of(rates, tmp_path)
    assert "the highest tried; optimum may lie beyond" in page.text
    assert "held-out loss alone" in page.text
    assert "FID against" not in page.text


def test_a_study_gets_the_figures_its_records_can_carry(rates, half_run):
    assert {name: one.missing for name, one in study_pictures(rates).items()} == {"heldout_vs_lr": ""}
    found = study_pictures(half_run)
    drawn = {name for name, one in found.items() if one.files}
    missing = [one.missing for one in found.values() if one.missing]
    assert {"fid_vs_gflops", "fid_bubbles", "fid_vs_steps", "heldout_vs_steps", "sample_grid"} <= drawn
    assert all("needs" in why or "need" in why for why in missing), missing


def test_figures_are_the_same_bytes_when_drawn_again(rates, tmp_path):
    study = copied(rates, tmp_path)

    def drawn() -> dict:
        paths = [path for name, one in study_pictures(study).items() for path in save(study, name, one.files)]
        return {path: path.read_bytes() for path in paths}

    first = drawn()
    assert len(first) == 2 and drawn() == first


def test_a_helper_draws_the_same_and_one_that_is_killed_is_not_missed(rates, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    here = study_pictures(rates)
    assert here["heldout_vs_lr"].marks and set(here["heldout_vs_lr"].files) == {"png", "svg"}
    with helper() as other:
        assert {name: future.result() for name, future in begin(other, rates).items()} == here
        other._process.kill()
        begun = begin(other, rates)
        assert isinstance(begun["heldout_vs_lr"].exception(), LOST)
        assert study_pictures(rates, begun=begun) == here


def test_the_scaling_figure_says_protocol_slope_and_settings(finished):
    figure = gflops.fid_vs_gflops(trials_frame(finished))
    (axes,) = figure.axes
    assert axes.get_ylabel() == "FID-1K, ddpm50, cfg 1.0, digits-cnn, vs train"
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert re.search(r"Slope of log FID on log Gflops −0\.\d\d, 95 % interval \[", axes.get_title(loc="left"))
    assert "over 3 seeds" in axes.get_title(loc="left").replace("\n", " ")
    note = figure.get_supxlabel().replace("\n", " ")
    assert "ddpm50, cfg 1.0" in note
    assert "ema-power-0.05" in note
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {"2", "4", "8", "d2w16", "d3w64"} <= set(legend)


def test_the_published_figure_is_drawn_as_ours():
    (axes,) = published.fid_vs_gflops().axes
    assert "−0.93" in axes.get_title(loc="left")


def test_panels_by_patch_share_their_axis(finished):
    figure = training.fid_vs_train_flops(evaluations_frame(finished))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["patch 2", "patch 4", "patch 8"]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_what_training_logs_has_a_figure(finished):
    curves = curves_frame(finished)
    by_bin = training.heldout_by_bin(curves, note="Data: digits.")
    line = by_bin.axes[0].lines[-1]
    assert list(line.get_xdata()) == pytest.approx([(k + 0.5) / 10 for k in range(10)])
    assert line.get_ydata()[0] / line.get_ydata()[-1] == pytest.approx(19)  # falls from image to noise
    assert "Data: digits." in by_bin.get_supxlabel()
    assert training.grad_norm_vs_steps(curves).axes[0].lines[0].get_ydata()[0] == 20 / 50
    assert training.images_per_s_vs_steps(curves).axes[0].get_ylabel() == "images/s"
    with pytest.raises(ValueError, match="no trial has recorded its held-out loss by part of the schedule"):
        training.heldout_by_bin(curves.with_columns(heldout_bins=None))


def test_a_figure_without_its_data_says_what_is_missing(rates):
    with pytest.raises(ValueError, match="no evaluation has a FID; it was not asked for"):
        training.fid_vs_steps(evaluations_frame(rates))
    with pytest.raises(ValueError, match="no samples lie beside the records of a completed trial"):
        sample_grid(rates)


def test_the_sample_grid_shows_the_same_labels_everywhere(finished, half_run):
    whole = sample_grid(finished)
    assert len(whole.axes) == 4 * (3 + 1)
    assert whole.axes[3].get_title() == "real, held out"
    assert {axes.get_images()[0].get_array().shape for axes in whole.axes} == {(2 * 9 - 1, 5 * 9 - 1)}
    half = sample_grid(half_run)  # no real images there yet
    assert len(half.axes) == 12
    assert sum(bool(axes.get_images()) for axes in half.axes) == 5
    with pytest.raises(ValueError, match="no samples of seed 7; there are seeds 0, 1, 2"):
        sample_grid(finished, seed=7)


def test_samples_of_several_protocols_say_how_each_was_drawn(tmp_path):
    """Of each model the best are shown: here the narrower one's of 8 steps, the wider one's of 50."""
    def fid(trial, step):
        steps = trial.spec.evaluate.protocol.sampling_steps
        return law(trial, step) * (steps if trial.spec.model.width == 16 else 1 / steps)
    axes = {"size": SIZES[:2], "evaluate.protocol.sampling_steps": [50, 8]}
    figure = sample_grid(write_study(tmp_path, digits_like(axes, seeds=1), fid=fid))
    cells = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
    assert [cell.partition(", ")[2] for cell in cells] == ["ddpm8, cfg 1.0", "ddpm50, cfg 1.0"]
    told = figure.get_supxlabel().replace("\n", " ")
    assert told.endswith("seed 0, each size and patch at its best FID, in the way it says.")
