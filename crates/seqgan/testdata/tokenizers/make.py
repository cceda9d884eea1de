"""Writes small tokenizers of four kinds, and cases.json: how the Python package cuts and writes tricky texts.

    pip install tokenizers==0.23.3
    python make.py

A tokenizer that is there already is kept: its trainer breaks ties by chance.
"""

import json
import pathlib

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).parent

TEXT = [
    "the cat sat on the mat",
    "the dog sat on the log",
    "a cat and a dog ran to the barn",
    "The barn is red; the mat isn't.",
    "naïve café, 秦 时 明 月",
    "it's 1234 + 56 = 1290",
    "the cats and the dogs are in the barn",
] * 3

CASES = [
    "the cat sat on the mat",
    "",
    " ",
    "   ",
    "  the  cat ",
    "the\tcat",
    "the\u00a0cat\u3000sat",
    "The CAT isn't here.",
    "naïve café",
    "nai\u0308ve cafe\u0301",
    "秦时明月汉时关",
    "🎵👩‍👩‍👧 zß",
    "unseen_words_xyz 98765",
    "<s>the cat</s>",
    "[UNK] <unk> [CLS]",
    "a\u200bb\ufeffc",
    "\u0627\u0644\u0633 \u05e9",
    "don't can't it's",
    "x" * 70,
]


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=330, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    # Neither may change a sequence that is read.
    tokenizer.enable_truncation(max_length=5)
    tokenizer.enable_padding(length=9, pad_id=0, pad_token="<s>")
    return tokenizer


def characters_without_unknown():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=80, show_progress=False))
    return tokenizer


def word_piece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=90, special_tokens=["[UNK]", "[CLS]"], show_progress=False
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    return tokenizer


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=80, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    return tokenizer


def main():
    found = {}
    for make in [byte_level, characters_without_unknown, word_piece, unigram]:
        name = make.__name__
        path = HERE / f"{name}.json"
        if not path.exists():
            make().save(str(path), pretty=False)
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        found[name] = []
        for text in CASES:
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            found[name].append(
                {
                    "text": text,
                    "ids": ids,
                    "tokens": [tokenizer.id_to_token(i) for i in ids],
                    "decoded": tokenizer.decode(ids, skip_special_tokens=False),
                }
            )
    with open(HERE / "cases.json", "w") as file:
        json.dump(found, file, indent=1)
        file.write("\n")


main()
