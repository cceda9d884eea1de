"""Reads the odd files with the readers that people use, and compares what they read with what this project read.

A JSON list of {"file": PATH, "settings": {..}, "sequences": [..]} comes in on standard input, the report goes out: a line for
each file and reader. Exits with 1 where a reader disagrees, with 3 where a package is missing:
pip install biopython pandas rdkit pretty_midi
"""

import csv
import gzip
import json
import os
import sys
import warnings

try:
    import pandas
    import pretty_midi
    from Bio import SeqIO
    from rdkit import Chem, RDLogger
except ImportError as error:
    print(error)
    sys.exit(3)

warnings.simplefilter("ignore")
RDLogger.DisableLog("rdApp.*")
STEP = 0.4

# What a reader does on purpose in another way, and why ours does not follow.
OTHERWISE = {
    ("09-headings.csv", "csv"): "keeps headings that are repeated",
    ("09-headings.csv", "pandas"): "keeps headings that are repeated",
    ("18-tempo", "pretty_midi"): "takes tempos from the first track only",
    ("46-blanks.smi", "RDKit"): "takes a blank at the beginning of a line for an empty molecule",
}


def rows_of(path, settings):
    """The delimiter of a table, and the number of its first line."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        first = file.readline().strip()
    skip = 1 if first.startswith("sep=") else 0
    if skip:
        return first[4:], skip
    return ("\t" if path.endswith(".tsv") else ","), skip


def by_csv(path, settings):
    delimiter, skip = rows_of(path, settings)
    quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file, delimiter=delimiter, quoting=quoting))[skip:]
    field = settings.get("field", rows[0][0])
    if field.isdigit() and field not in rows[0]:
        column, rows = int(field) - 1, rows if path.endswith("36-bare.csv") else rows[1:]
    else:
        column, rows = rows[0].index(field), rows[1:]
    return [row[column] for row in rows if row]


def by_pandas(path, settings):
    delimiter, skip = rows_of(path, settings)
    quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    header = None if path.endswith("36-bare.csv") else 0
    table = pandas.read_csv(path, sep=delimiter, skiprows=skip, dtype=str, keep_default_na=False, quoting=quoting, header=header)
    field = settings.get("field", table.columns[0])
    column = table.iloc[:, int(field) - 1] if field.isdigit() else table[field]
    if "group_by" in settings:
        order = table[settings["order_by"]]
        is_time = not order.str.match(r"^-?\d+$").all()
        table["order"] = pandas.to_datetime(order, format="ISO8601") if is_time else order.astype(int)
        groups = table.sort_values("order", kind="stable").groupby(settings["group_by"], sort=False)
        return sorted(" ".join(group[field]) for _, group in groups)
    return list(column)


def by_biopython(path, settings):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt") as file:
        # Of its formats of FASTA, the one that has comments.
        return [str(record.seq) for record in SeqIO.parse(file, "fasta-pearson")]


def by_rdkit(path, settings):
    with open(path) as file:
        first = file.readline()
    title = first.strip().upper().startswith("SMILES")
    supplier = Chem.SmilesMolSupplier(path, delimiter=" \t", titleLine=title)
    return [Chem.MolToSmiles(molecule) for molecule in supplier if molecule is not None]


def canonical(smiles):
    """None for what is a molecule by grammar, but not by its valences: the supplier leaves it out as well."""
    molecule = Chem.MolFromSmiles(smiles)
    return molecule and Chem.MolToSmiles(molecule)


def by_pretty_midi(path, settings):
    melodies = []
    names = sorted(name for name in os.listdir(path) if not name.startswith("."))
    for name in names:
        with open(os.path.join(path, name), "rb") as file:
            data = file.read()
        # It does not know RIFF: the MIDI file is the content of its chunk.
        start = data.find(b"MThd")
        midi = pretty_midi.PrettyMIDI(__import__("io").BytesIO(data[start:]))
        notes = [note for instrument in midi.instruments if not instrument.is_drum for note in instrument.notes]
        end = max(note.end for note in notes)
        numbers = []
        step = 0
        while step * STEP < end - 1e-9:
            now = step * STEP + 1e-9
            sounding = [note.pitch - 20 for note in notes if note.start <= now < note.end]
            numbers.append(max(sounding, default=0))
            step += 1
        melodies.append(" ".join(map(str, numbers)))
    return melodies


def trimmed(melody):
    """Without the rests at the end, which last as long as the track does."""
    numbers = melody.split()
    while numbers and numbers[-1] == "0":
        numbers.pop()
    return " ".join(numbers)


def readers(path, settings):
    """(name, function, how ours are made comparable)"""
    words = lambda text: " ".join(text.split())
    if os.path.isdir(path):
        return [("pretty_midi", by_pretty_midi, trimmed)]
    kind = path.removesuffix(".gz").rsplit(".", 1)[-1]
    if kind in ("csv", "tsv"):
        if "group_by" in settings:
            return [("pandas", by_pandas, words)]
        return [("csv", by_csv, words), ("pandas", by_pandas, words)]
    if kind == "fasta":
        return [("Biopython", by_biopython, words)]
    if kind == "smi":
        return [("RDKit", by_rdkit, canonical)]
    return []


def main():
    agreeing, wrong = set(), []
    for job in json.load(sys.stdin):
        path, settings, ours = job["file"], job["settings"], job["sequences"]
        name = os.path.basename(path)
        for reader, read, comparable in readers(path, settings):
            theirs = [comparable(text) if comparable is not canonical else text for text in read(path, settings)]
            mine = [text for text in map(comparable, ours) if text is not None]
            if "group_by" in settings:
                mine.sort()
            if mine == theirs:
                agreeing.add(name)
                print(f"{name}: as {reader}")
            elif OTHERWISE.get((name, reader)):
                print(f"{name}: {reader} {OTHERWISE[(name, reader)]}")
            else:
                wrong.append(name)
                different = [(a, b) for a, b in zip(mine, theirs) if a != b][:2]
                print(f"{name}: NOT as {reader}: {len(mine)} and {len(theirs)} sequences, {different}")
    print(f"{len(agreeing)} files agree")
    sys.exit(1 if wrong or len(agreeing) < 20 else 0)


main()
