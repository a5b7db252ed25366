"""Is every wrong input of every verb one line and exit code 2, with nothing written and no wait?"""

import time
from pathlib import Path

import pytest

import scaling
from scaling.cli import COMMANDS, main

REFERENCE = str(Path(scaling.__file__).parents[1] / "results" / "reference" / "digits")
# a study of a network of its own, of which a property is something else
NETWORK = (
    "from typing import Literal\nfrom scaling.study import Network, Study\n"
    "from experiments.smoke import BASE\nclass N(Network):\n    family: Literal['n'] = 'n'\n"
    "    @property\n    def {}(self):\n        return {}\n"
    "N = N(input_size=8, channels=1, num_classes=10)\nSTUDY = Study(name='r', question='?', "
    "expectation='!', trials=(BASE.model_copy(update={{'model': N}}),))\n"
)
FILES = {
    "file": "x",
    "empty/.keep": "",
    "runs.csv": "n,d,loss\n"
    + "".join(f"{n},{d},{n**-0.3 + d**-0.3}\n" for n in (10, 20, 40) for d in (100, 200, 400)),
    "letters.csv": "n,d,loss\na,b,c\nd,e,f\n",
    "one.csv": "n,d,loss\n1,2,3\n",
    "ragged.csv": "n,d,loss\n1,2,3\n1,2\n",
    "negative.csv": "n,d,loss\n1,2,-3\n2,3,-1\n3,4,-2\n",
    "endless.csv": "n,d,loss\n1,2,3\n2,3,inf\n3,4,2\n",
    "text.pt": "no checkpoint",
    "text.npz": "no arrays",
    "text.zip": "no zip",
    "text.json": "[1, 2",
    "zero.py": "1 / 0",
    "exit.py": "import sys; sys.exit(0)",
    "syntax.py": "def (",
    "other.py": "STUDY = 3",
    "rung.py": NETWORK.format("rung", "1 / 0"),
    "ends.py": NETWORK.format("rung", "exit(0)"),
}
LAWS = ("approach3", "isoflop", "envelope", "powerlaw", "saturating", "bnsl", "repeats")
COLUMNS = "--n n --d d --bootstrap 0"
SET = {
    "train.steps": "0 -1 true 1e10 many NaN null",
    "train.lr": "0 Infinity true",
    "train.betas": "[1,0.9] 0.9",
    "train.warmup_steps": "-1 1000000",
    "evaluate.checkpoints": "0 1e9",
    "evaluate.protocol.sampling_steps": "0 2000 1e9",
    "evaluate.protocol.sampler": "euler x",
    "evaluate.protocol.metrics": '["fdr"] ["psnr"]',
    "evaluate.protocol.spaces": '["digits-mixer"] ["x"]',
    "train.seeds.init": "-1 true x",
    "train.seeds.nope": "1",
    "model.input_size": "0 15485863",
    "model.depth": "0 1e6",
    "model.family": "x",
    "data.source": "x folder latents",
    "diffusion.timesteps": "0 1e9 100000",
    "seeds": "0 1000000000 true",
    "scale": "x 3",
    "nope": "1",
}
DRY = (" --dry-run", "")
ASHA = (
    ("smoke", "grace=20"),
    ("smoke", "x"),
    ("digits_lr", "grace=50"),
    ("digits_lr", "grace=1000000000"),
    ("digits_next_size", "grace=250"),
)
SUBMIT = ("", " --address x", " --address http://127.0.0.1:1", " --dry-run", " --webhook http://x")
URLS = ("nosuch://b/a", "file:///b/a", "s3://", "s3://b/.a")
FIXED = "".join(f" --set train.seeds.{name}=0" for name in ("init", "order", "noise"))
GRID = ("model.width", "model.width=", "x=1,2", "model.width=16,16", "seeds=1,2", "model=GPT-2")
# frames where a family or a source has none, and clips that cannot be cut or placed
CLIPS = (
    "smoke --set model.frames=8 --set model.patch_t=3",
    "smoke --set data.frames=8",
    "unet_lr --set model.frames=8",
    "video_tokens --set data.frames=0",
    "video_tokens --set model.positions=rope --set model.heads=8",
    "video_tokens --set data.size=8",
    "video_tokens --set evaluate.protocol.decoder=synthetic",
)
# images where clips are learned and the reverse, other lengths, too few clips, a metric of images
UNFIT = (
    "smoke --set model.frames=8",
    "video_tokens --set data.frames=1",
    "video_tokens --set data.frames=6",
    "video_tokens --set evaluate.protocol.samples=512",
    'video_tokens --set evaluate.protocol.metrics=["precision"]',
)
# after --min-workers-per-trial: a range that is none, of one worker, and that a batch cannot share
RANGES = (
    *(f"{v} --workers-per-trial 4" for v in ("0", "-1", "1.5", "x", "5", "3")),
    *("1", "2", "1 --workers-per-trial 1"),
)
# verb -> the words after it, each line one try
WRONG = {
    "sweep": [
        *(
            f"{f}.py{dry}"
            for f in ("zero", "exit", "syntax", "other", "rung", "ends")
            for dry in DRY
        ),
        *(f"smoke --dry-run --set {k}={v}" for k, values in SET.items() for v in values.split()),
        *(f"smoke --gpus-per-trial {v}{dry}" for v in ("nan", "inf", "-1", "1.5") for dry in DRY),
        *(f"smoke --workers-per-trial {v}{dry}" for v in ("0", "3", "x", "1e9") for dry in DRY),
        *(f"smoke --min-workers-per-trial {v}{dry}" for v in RANGES for dry in DRY),
        *(f"smoke --address {v}{dry}" for v in ("x", "127.0.0.1:1", "ray://x") for dry in DRY),
        *(f"smoke --micro-batch {v}" for v in ("0", "-1", "x")),
        *(f"smoke --budget {v}{dry}" for v in ("0", "-1", "nan", "inf", "x") for dry in DRY),
        *(f"smoke --grid {v}{dry}" for v in GRID for dry in DRY),
        *(f"smoke --submit{option}" for option in SUBMIT),
        *(f"{study} --asha {v}{dry}" for study, v in ASHA for dry in DRY),
        *("file", "empty", "none.py", "smoke digits", "--nope", "smoke --set", "smoke --set =1"),
        *(f"smoke --results {url}{dry}" for url in URLS for dry in DRY),
        *("smoke --results file", "smoke --results /proc/x", "smoke --dry-run --results file/x"),
        *(f"smoke{o}{dry}" for o in (" --log x", " --log=a,b", " --webhook x") for dry in DRY),
        *(f"noise_floor{FIXED} --set seeds=2{dry}" for dry in DRY),
        *(f"{words}{dry}" for words in CLIPS for dry in DRY),
        *UNFIT,
        *("smoke --parallel x", "smoke --set model.channels=3", "smoke --set data.size=8"),
    ],
    "plan": [
        *(
            "zero.py",
            "rung.py",
            "ends.py",
            "nope",
            "smoke --gpu-type x",
            "smoke digits",
            "smoke --set x=1",
        ),
        *(f"smoke --gpus {v}" for v in ("0", "-1", "x", "1e9")),
        *(f"smoke --grid {v}" for v in GRID),
        *(f"smoke --mfu {v}" for v in ("0", "-1", "nan", "inf", "2")),
        *(f"smoke --budget {v}" for v in ("0", "-1", "nan", "inf", "1e-12")),
        *(f"smoke --price-per-gpu-hour {v}" for v in ("-1", "nan", "inf")),
        *("smoke --detect 10", f"smoke --measured {REFERENCE}", "smoke --detect 10 --measured x"),
        *(f"smoke --detect {v} --measured {REFERENCE}" for v in ("0", "-5", "nan", "inf", "x")),
    ],
    **{
        verb: [
            *("nowhere", "file", "empty", "zero.py", "", "--nope", "a b c", f"{REFERENCE}/x"),
            *(f"x --results {url}" for url in URLS),
            *(
                "nosuch://b/x",
                "x --results empty",
                f"{REFERENCE} --results empty",
                "x --results file",
            ),
        ]
        for verb in ("status", "stop", "retry", "report", "bundle", "quality")
    },
    "compare": ["", "file", "file file", f"{REFERENCE} {REFERENCE} --figure x.doc"]
    + [f"{REFERENCE} {REFERENCE} --figure {v}" for v in ("empty", "file/x.png")],
    "count": ["x", "DiT-S/3", "DiT-S/0", "DiT-d9999w64/2", "--nope", "--conditioning x"]
    + [f"DiT-S/2 --resolution {v}" for v in ("0", "255", "1e9", "15485864", "8388608")]
    + [f"DiT-S/2 --batch {v}" for v in ("0", "-1", "1000000000000")]
    + [f"DiT-S/2 --frames {v}" for v in ("0", "3 --patch-t 2", "x", "1e9", "16000")]
    + ["ldm-4 --frames 8", "DiT-S/2 --patch-t 2", "JiT-B/16 --frames 8 --patch-t 3"],
    "export": [
        "",
        "nosuch://b/w.pt --to dit",
        "text.pt --to dit --out s3://b/w.pt",
        "text.pt",
        "none.pt --to dit",
        "text.pt --to x",
        "empty --to dit",
    ]
    + [f"text.pt --to dit --heads {v}" for v in ("0", "-1", "x")],
    "sample": ["", "text.pt --out g.png", "none.pt --out g.png --classes 1"]
    + [f"text.pt --out g.png --count {v}" for v in ("0", "-1", "x", "99999999999")]
    + [f"text.pt --out g.png --classes 1 --per-class {v}" for v in ("0", "1000000000")]
    + [f"text.pt --out g.png --classes 1 --guidance {v}" for v in ("nan", "inf", "-1")]
    + [f"text.pt --out g.png --classes 1 --steps {v}" for v in ("0", "1000000000")],
    "encode": ["", "--images none --vae synthetic --size 32 --out store"]
    + [f"--images empty --vae synthetic --out s --size {v}" for v in ("0", "x", "1000000000")]
    + [f"--images empty --vae synthetic --out s --size 32 --batch {v}" for v in ("0", "x")]
    + [
        f"--images empty --vae synthetic --out s --size 32 {v}"
        for v in ("--frames 0", "--frames 1", "--frames x", "--frames 4", "--width 32")
    ],
    "evaluate": ["", "empty", "text.npz --reference digits", "none --reference digits"]
    + [f"empty --reference digits --protocol {v}" for v in ("x", "x=1", "samples=1")],
    "fit": [
        "",
        "x",
        "powerlaw --csv nosuch://b/a.csv --n n",
        "linear --csv runs.csv",
        "powerlaw --csv runs.csv --n n --d d --bootstrap 1e9",
    ]
    + [f"{law} --csv {c}.csv {COLUMNS}" for law in LAWS for c in ("none", "letters", "one")]
    + [f"{law} --csv {c}.csv {COLUMNS}" for law in LAWS for c in ("ragged", "negative", "endless")]
    + [f"{law} --csv runs.csv {COLUMNS} --delta {v}" for law in LAWS for v in ("0", "nan", "inf")]
    + [f"{law} --csv runs.csv --n n --d d --bootstrap {v}" for law in LAWS for v in (10**9, -1, 3)]
    + [f"{law} --csv runs.csv {COLUMNS} --loss zzz" for law in LAWS],
    "suggest": ["", "nowhere --target DiT-S/2@1M --gpu-hours 1", f"{REFERENCE} --target x"]
    + [f"{c} --target DiT-S/2@1M --gpu-hours 1" for c in ("runs.csv", "none.csv", "ragged.csv")]
    + [f"{REFERENCE} --target DiT-d3w64/2@9999 --gpu-hours {v}" for v in ("nan", "inf", "x")],
    "predict": ["", f"{REFERENCE}", f"{REFERENCE} --target DiT-d3w64/2@1500 --out file/x.json"]
    + [f"{REFERENCE} --target {v}" for v in ("x", "@", "DiT-d3w64/3@10", "DiT-d3w64/2@9999999M")]
    + [f"{REFERENCE} --target DiT-d3w64/2 --until {v}" for v in ("0", "-1", "nan", "inf", "x")]
    + [f"{REFERENCE} --target DiT-d3w64/2@9 --until 3", f"{REFERENCE} --until 3"]
    + [f"{REFERENCE} --target DiT-d3w64/2 {v}" for v in ("--json", "--until 3 --out p.json")],
    "score": ["", "none.json x", f"text.json {REFERENCE}", f"empty {REFERENCE}", "text.json x"],
    "verify": ["", "nosuch://b/a.zip", "none.zip", "text.zip", "empty", "a b"],
}


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A working directory with ``FILES``, from which no trial begins."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def begun(*_, **__):
        raise AssertionError("a trial would have begun")

    monkeypatch.setattr("ray.init", begun)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_verb_is_tried():
    assert set(WRONG) == {command.__name__ for command in COMMANDS}


@pytest.mark.parametrize("verb", WRONG)
def test_a_wrong_input_is_one_line_at_once_and_leaves_nothing(verb, home, capsys):
    before = sorted(home.rglob("*"))
    for words in WRONG[verb]:
        begun = time.process_time()
        with pytest.raises(SystemExit) as left:
            main([verb, *words.split()])
        out, err = capsys.readouterr()
        assert left.value.code == 2 and not out, (words, out, err)
        assert err.startswith("error: ") and err.count("\n") == 1 and len(err) < 1500, (words, err)
        assert sorted(home.rglob("*")) == before, words
        assert time.process_time() - begun < 20, words
