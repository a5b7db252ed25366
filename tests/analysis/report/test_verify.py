"""Does a bundle give its answers again, and is each thing that was altered in it found and
named?
"""

import hashlib
import json
import zipfile

import pytest

from analysis.report import verify as verifying
from analysis.report.bundle import bundle
from analysis.report.verify import read, run, verify
from scaling.cli import main
from tests.analysis.synthetic_study import digits_like, write_study

pytestmark = pytest.mark.xdist_group("bundle")  # one worker builds the bundle, and its answers

AXES = {
    "size": [{"model.width": w, "model.depth": 2, "model.heads": w // 16} for w in (16, 32, 48)],
    "model.patch": [4, 2],
}


@pytest.fixture(scope="module", autouse=True)
def rebuilt_once():
    """Answers are rebuilt once from the same records: most tests alter the answers in a bundle and
    leave its records as they are.
    """
    rebuild, known = verifying.answers, {}

    def answers(study):
        digest = hashlib.sha256()
        for path in sorted(path for path in study.folder.rglob("*") if path.is_file()):
            digest.update(f"{path.relative_to(study.folder)}\0".encode() + path.read_bytes())
        key = digest.digest()
        if key not in known:
            known[key] = rebuild(study)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verifying, "answers", answers)
        yield


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    root = tmp_path_factory.mktemp("bundled")
    return bundle(write_study(root, digits_like(AXES, seeds=1)), root / "study.zip")


def rewrite(packed, out, change=None, drop=(), repair=True, **manifest):
    """The bundle with ``change`` (name -> bytes -> bytes) made, its checksums made to fit again if
    ``repair``.
    """
    told, files = read(packed)
    told |= manifest
    for name, edit in (change or {}).items():
        altered = edit(files[name])
        assert altered != files[name]
        files[name] = altered
        if repair:
            told["files"][name] = hashlib.sha256(altered).hexdigest()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("manifest.json", json.dumps(told))
        for name, data in files.items():
            if name not in drop:
                archive.writestr(name, data)
    return out


def an(packed, kind):
    return next(name for name in read(packed)[1] if kind in name)


def test_an_untouched_bundle_agrees_in_everything(packed):
    verdict = verify(packed)
    assert not verdict.differ and {
        "report.html",
        "numbers.json",
        "figures/fid_vs_gflops.svg",
    } <= set(verdict.agree)
    manifest, files = read(packed)
    assert {"python", "torch", "polars", "matplotlib"} <= manifest["versions"].keys() and manifest[
        "code"
    ]
    assert sum(name.endswith("spec.json") for name in files) == 6 and "study/study.json" in files
    # what is kept of the tables is made again from the records
    assert not [name for name in files if ".frames" in name]
    assert run(packed)[1]


def test_a_record_altered_with_its_checksum_is_named_by_what_no_longer_follows(packed, tmp_path):
    def better(data):
        content = json.loads(data)
        content["figures"][0]["value"] *= 0.9
        return json.dumps(content).encode()

    files = read(packed)[1]
    final = next(
        name for name in files if "/evaluations/" in name and json.loads(files[name])["step"] == 500
    )
    verdict = verify(rewrite(packed, tmp_path / "t.zip", {final: better}))
    assert {
        "tables/trials.csv",
        "numbers.json",
        "report.html",
        "figures/fid_vs_gflops.json",
    } <= set(verdict.differ)
    assert "figures/loss_vs_steps.json" in verdict.agree  # it rests on no FID
    ((where, *_),) = verdict.differ["tables/trials.csv"]
    assert where.endswith(").fid")


@pytest.mark.parametrize(
    "file, edit, where",
    [
        (
            "answers/numbers.json",
            lambda data: data.replace(b'"value": -0', b'"value": -1', 1),
            "slopes[0].value",
        ),
        (
            "answers/report.html",
            lambda data: data.replace("−0.".encode(), "−9.".encode(), 1),
            "digits",
        ),
        (
            "answers/figures/fid_vs_gflops.json",
            lambda data: data.replace(b"FID against", b"FID versus", 1),
            "texts[0]",
        ),
        (
            "answers/figures/fid_vs_gflops.svg",
            lambda data: data.replace(b'<path d="M ', b'<path d="M 9', 1),
            "the picture",
        ),
        ("answers/tables/trials.csv", lambda data: data.replace(b"500", b"600", 1), "line 2"),
    ],
)
def test_an_altered_answer_is_named_with_its_place(packed, tmp_path, file, edit, where):
    verdict = verify(rewrite(packed, tmp_path / "t.zip", {file: edit}))
    ((name, found),) = verdict.differ.items()
    assert name == file.removeprefix("answers/") and found[0][0].startswith(where)
    assert f"{name}: DIFFERS" in verdict.text()


def test_a_picture_exchanged_in_the_report_is_named(packed, tmp_path):
    def exchange(page):
        first, second = page.split(b'src="data:image/svg+xml;base64,')[1:3]
        return page.replace(first.split(b'"')[0], second.split(b'"')[0], 1)

    verdict = verify(rewrite(packed, tmp_path / "t.zip", {"answers/report.html": exchange}))
    assert verdict.differ == {
        "report.html": [("FID against model Gflops", "one drawing", "another")]
    }


def test_what_is_damaged_missing_or_added_is_bad_input_that_names_the_file(packed, tmp_path):
    record, out = an(packed, "/evaluations/"), tmp_path / "t.zip"
    with pytest.raises(ValueError, match=f"checksum of {record}"):
        verify(rewrite(packed, out, {record: lambda data: data + b" "}, repair=False))
    with pytest.raises(ValueError, match=f"lacks {record}"):
        verify(rewrite(packed, out, drop=(record,)))
    with zipfile.ZipFile(packed) as archive, zipfile.ZipFile(out, "w") as other:
        for name in archive.namelist():
            other.writestr(name, archive.read(name))
        other.writestr("study/runs/more.json", "{}")
    with pytest.raises(
        ValueError, match=r"study/runs/more\.json, which its manifest does not list"
    ):
        verify(out)
    with pytest.raises(ValueError, match="schema version 99"):
        verify(rewrite(packed, out, schema_version=99))
    out.write_bytes(b"no zip")
    with pytest.raises(ValueError, match="is a folder; name a bundle's file"):
        verify(tmp_path)
    with pytest.raises(ValueError, match="is no bundle"):
        verify(out)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"versions": 3}, r"versions is no object \(got 3\)"),
        ({"schema_version": "two"}, r"schema_version is no whole number \(got 'two'\)"),
        ({"code": None}, r"code is no text \(got None\)"),
    ],
)
def test_a_manifest_of_another_shape_is_named_by_its_field(packed, tmp_path, told, said):
    with pytest.raises(
        ValueError, match=rf"t\.zip.manifest\.json {said}; it is no bundle of a study"
    ):
        verify(rewrite(packed, tmp_path / "t.zip", **told))


def test_records_that_cannot_be_rebuilt_are_named_in_the_bundle(packed, tmp_path):
    out = rewrite(packed, tmp_path / "t.zip", {"study/study.json": lambda data: b"[]"})
    with pytest.raises(ValueError, match=r"t\.zip cannot be rebuilt .*: study/study\.json is no"):
        verify(out)


def test_a_file_that_unpacks_without_end_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("study/study.json", bytes(verifying.SMALL_BYTES + 1))
    monkeypatch.setattr(zipfile.ZipFile, "read", None)
    with pytest.raises(ValueError, match=r"bomb.zip is no bundle of a study: its .* unpack to "):
        read(path)


def test_a_search_of_learning_rates_is_bundled_too(rates, tmp_path):
    assert not verify(bundle(rates, tmp_path / "rates.zip")).differ


def test_the_commands_end_with_0_1_and_2(packed, tmp_path, capsys):
    for file, code in (
        (packed, 0),
        (tmp_path / "none.zip", 2),
        (
            rewrite(
                packed,
                tmp_path / "t.zip",
                {"answers/numbers.json": lambda d: d.replace(b"DiT", b"Dit", 1)},
            ),
            1,
        ),
    ):
        with pytest.raises(SystemExit) as end:
            main(["verify", str(file)])
        assert end.value.code == code
    said = capsys.readouterr()
    assert "numbers.json: DIFFERS" in said.out and "there is no file" in said.err
